
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_resp.h"


enum {
    sw_type = 0,
    sw_line,
    sw_line_lf,
    sw_bulk,
    sw_bulk_cr,
    sw_bulk_lf,
    sw_done,
    sw_failed
};


static int convrelay_resp_end(convrelay_resp_t *r);
static int convrelay_resp_number(convrelay_resp_t *r);
static int convrelay_resp_fail(convrelay_resp_t *r, const char *error);


int
convrelay_resp_line(convrelay_resp_t *r, u_char **p, u_char *last)
{
    u_char  ch;

    while (*p < last) {
        ch = *(*p)++;

        switch (r->state) {

        case sw_type:

            switch (ch) {

            case '+':
                r->type = CONVRELAY_RESP_SIMPLE;
                break;

            case '-':
                r->type = CONVRELAY_RESP_ERROR;
                break;

            case ':':
                r->type = CONVRELAY_RESP_INTEGER;
                break;

            case '$':
                r->type = CONVRELAY_RESP_BULK;
                break;

            default:
                return convrelay_resp_fail(r, "an unknown type of reply");
            }

            r->state = sw_line;
            break;

        case sw_line:

            if (ch == '\r') {
                r->state = sw_line_lf;
                break;
            }

            if (ch == '\n') {
                return convrelay_resp_fail(r, "a line without its end");
            }

            if (r->len == CONVRELAY_RESP_MAX_LINE) {
                return convrelay_resp_fail(r, "a line that is too long");
            }

            if (r->len < CONVRELAY_RESP_KEPT) {
                r->line[r->len] = ch;
            }

            r->len++;
            break;

        case sw_line_lf:

            if (ch != '\n') {
                return convrelay_resp_fail(r, "a line without its end");
            }

            return convrelay_resp_end(r);

        default:
            return convrelay_resp_fail(r, "more than a reply");
        }
    }

    return r->state == sw_failed ? CONVRELAY_ERROR : CONVRELAY_AGAIN;
}


static int
convrelay_resp_end(convrelay_resp_t *r)
{
    r->state = sw_done;

    if (r->type == CONVRELAY_RESP_SIMPLE || r->type == CONVRELAY_RESP_ERROR) {
        return CONVRELAY_OK;
    }

    if (convrelay_resp_number(r) != CONVRELAY_OK) {
        return convrelay_resp_fail(r, "a number that is wrong");
    }

    if (r->type == CONVRELAY_RESP_INTEGER) {
        return CONVRELAY_OK;
    }

    if (r->number == -1) {
        r->type = CONVRELAY_RESP_NIL;
        return CONVRELAY_OK;
    }

    if (r->number < 0) {
        return convrelay_resp_fail(r, "a number that is wrong");
    }

    if (r->number > CONVRELAY_RESP_MAX_BULK) {
        return convrelay_resp_fail(r, "a value of more than 512 MB");
    }

    r->rest = r->number;
    r->state = r->rest ? sw_bulk : sw_bulk_cr;

    return CONVRELAY_OK;
}


static int
convrelay_resp_number(convrelay_resp_t *r)
{
    int       negative;
    size_t    i;
    uint64_t  n, max;

    negative = r->len && r->line[0] == '-';

    if (r->len == (size_t) negative || r->len > CONVRELAY_RESP_MAX_NUMBER) {
        return CONVRELAY_ERROR;
    }

    n = 0;
    max = INT64_MAX;

    for (i = negative; i < r->len; i++) {

        if (!convrelay_is_digit(r->line[i])
            || n > (max - (r->line[i] - '0')) / 10)
        {
            return CONVRELAY_ERROR;
        }

        n = n * 10 + (r->line[i] - '0');
    }

    r->number = negative ? -(int64_t) n : (int64_t) n;

    return CONVRELAY_OK;
}


int
convrelay_resp_bulk(convrelay_resp_t *r, u_char **p, u_char *last,
    convrelay_str_t *part)
{
    part->data = *p;
    part->len = 0;

    while (*p < last) {

        switch (r->state) {

        case sw_bulk:
            part->len = last - *p;

            if ((int64_t) part->len > r->rest) {
                part->len = r->rest;
            }

            *p += part->len;
            r->rest -= part->len;

            if (r->rest == 0) {
                r->state = sw_bulk_cr;
            }

            break;

        case sw_bulk_cr:

            if (*(*p)++ != '\r') {
                return convrelay_resp_fail(r, "a value without its end");
            }

            r->state = sw_bulk_lf;
            break;

        case sw_bulk_lf:

            if (*(*p)++ != '\n') {
                return convrelay_resp_fail(r, "a value without its end");
            }

            r->state = sw_done;
            return CONVRELAY_OK;

        default:
            return convrelay_resp_fail(r, "more than a reply");
        }
    }

    return r->state == sw_failed ? CONVRELAY_ERROR : CONVRELAY_AGAIN;
}


void
convrelay_resp_text(const convrelay_resp_t *r, convrelay_str_t *text)
{
    text->data = (u_char *) r->line;
    text->len = r->len < CONVRELAY_RESP_KEPT ? r->len : CONVRELAY_RESP_KEPT;
}


static int
convrelay_resp_fail(convrelay_resp_t *r, const char *error)
{
    r->state = sw_failed;
    r->error = error;

    return CONVRELAY_ERROR;
}
