
/*
 * Copyright (C) convrelay contributors
 *
 * Puts the tool calls of an answer together from their pieces.  No two servers
 * send them alike: a call comes whole or in pieces; the index is missing,
 * begins at 1, or is 0 for every call; the id is missing, comes late, or is new
 * in each piece; the name is repeated in each piece.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_llm_parts.h"


typedef struct {
    convrelay_str_t        id;            /* malloc'ed, as are name, extra */
    convrelay_str_t        name;
    convrelay_str_t        extra;
    convrelay_llm_buf_t    arguments;
    size_t                 len;           /* bytes of them all */
    int64_t                index;         /* -1: none */

    unsigned               depth;         /* brackets of the arguments that
                                             are open */
    unsigned               opened:1;      /* there was one */
    unsigned               string:1;      /* in a string of them */
    unsigned               escape:1;      /* after a '\' in it */
    unsigned               other:1;       /* not a function */
} convrelay_llm_pending_t;


struct convrelay_llm_collect_s {
    convrelay_llm_pending_t  *pending;
    size_t                    n;
    size_t                    size;
    size_t                    last;       /* the one of the last piece */
    size_t                    len;        /* bytes of them all */
    convrelay_llm_call_t     *calls;      /* what is to be run of them */
    unsigned                  ended:1;
};


/* all brackets that were opened are closed again */

#define convrelay_llm_is_whole(p)  ((p)->opened && (p)->depth == 0)


static int convrelay_llm_find(convrelay_llm_stream_t *s,
    const convrelay_llm_piece_t *piece, convrelay_llm_pending_t **found);
static convrelay_llm_pending_t *convrelay_llm_find_id(
    convrelay_llm_collect_t *c, const convrelay_str_t *id);
static convrelay_llm_pending_t *convrelay_llm_find_index(
    convrelay_llm_collect_t *c, int64_t index);
static unsigned convrelay_llm_is_next(const convrelay_llm_pending_t *p,
    const convrelay_llm_piece_t *piece);
static int convrelay_llm_new(convrelay_llm_stream_t *s, int64_t index,
    convrelay_llm_pending_t **found);
static int convrelay_llm_take(convrelay_llm_stream_t *s,
    convrelay_llm_pending_t *p, const convrelay_llm_piece_t *piece);
static void convrelay_llm_scan(convrelay_llm_pending_t *p,
    const convrelay_str_t *arguments);
static int convrelay_llm_keep(convrelay_str_t *dst,
    const convrelay_str_t *src);

static unsigned convrelay_llm_to_run(const convrelay_llm_stream_t *s);
static int convrelay_llm_list(convrelay_llm_stream_t *s);
static int convrelay_llm_end_one(convrelay_llm_stream_t *s,
    convrelay_llm_pending_t *p, convrelay_llm_call_t *call);
static int convrelay_llm_join_arguments(convrelay_llm_pending_t *p);
static unsigned convrelay_llm_is_valid(const convrelay_str_t *arguments);


void
convrelay_llm_call_piece(convrelay_llm_stream_t *s,
    const convrelay_llm_piece_t *piece)
{
    int                       rc;
    convrelay_llm_pending_t  *p;

    if (s->max_calls == 0 || s->failed
        || s->finish != CONVRELAY_LLM_FINISH_NONE)
    {
        return;
    }

    rc = convrelay_llm_find(s, piece, &p);

    if (rc == CONVRELAY_OK) {
        s->part = 1;

        rc = convrelay_llm_take(s, p, piece);
    }

    if (rc == CONVRELAY_ERROR) {
        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
    }
}


/*
 * Finds or creates the call of a piece.  CONVRELAY_OK; CONVRELAY_DECLINED: the
 * piece belongs to no call, or s->failed was set; CONVRELAY_ERROR: no memory.
 */

static int
convrelay_llm_find(convrelay_llm_stream_t *s,
    const convrelay_llm_piece_t *piece, convrelay_llm_pending_t **found)
{
    convrelay_llm_collect_t  *c;
    convrelay_llm_pending_t  *p;

    if (s->collect == NULL) {
        s->collect = calloc(1, sizeof(convrelay_llm_collect_t));
        if (s->collect == NULL) {
            return CONVRELAY_ERROR;
        }
    }

    c = s->collect;
    p = NULL;

    if (piece->id.len) {
        p = convrelay_llm_find_id(c, &piece->id);

        if (p == NULL && piece->index >= 0) {
            p = convrelay_llm_find_index(c, piece->index);

            /* with a new id, an open call continues only if the server makes
               up an id for each piece */

            if (p && p->id.len
                && (piece->name.len || convrelay_llm_is_whole(p)))
            {
                p = NULL;
            }
        }

    } else if (piece->index >= 0) {
        p = convrelay_llm_find_index(c, piece->index);

        /* some servers give every call the index 0 */

        if (p && !convrelay_llm_is_next(p, piece)
            && convrelay_llm_is_whole(p))
        {
            p = NULL;
        }

    } else if (c->n) {
        p = &c->pending[c->last];

        if (!convrelay_llm_is_next(p, piece)
            && (p->arguments.len == 0 || convrelay_llm_is_whole(p)
                || !convrelay_str_equal(&p->name, &piece->name)))
        {
            p = NULL;
        }

    } else if (piece->name.len == 0) {
        return CONVRELAY_DECLINED;
    }

    if (p) {
        *found = p;
        return CONVRELAY_OK;
    }

    return convrelay_llm_new(s, piece->index, found);
}


static convrelay_llm_pending_t *
convrelay_llm_find_id(convrelay_llm_collect_t *c, const convrelay_str_t *id)
{
    size_t  i;

    for (i = 0; i < c->n; i++) {

        if (convrelay_str_equal(&c->pending[i].id, id)) {
            return &c->pending[i];
        }
    }

    return NULL;
}


/* the newest call that has the index */

static convrelay_llm_pending_t *
convrelay_llm_find_index(convrelay_llm_collect_t *c, int64_t index)
{
    size_t  i;

    for (i = c->n; i > 0; i--) {

        if (c->pending[i - 1].index == index) {
            return &c->pending[i - 1];
        }
    }

    return NULL;
}


/* true for a piece without an id that does not look like another call */

static unsigned
convrelay_llm_is_next(const convrelay_llm_pending_t *p,
    const convrelay_llm_piece_t *piece)
{
    return piece->name.len == 0 || p->name.len == 0
           || (piece->arguments.len == 0 && p->arguments.len
               && convrelay_str_equal(&p->name, &piece->name));
}


static int
convrelay_llm_new(convrelay_llm_stream_t *s, int64_t index,
    convrelay_llm_pending_t **found)
{
    size_t                    size;
    convrelay_llm_collect_t  *c;
    convrelay_llm_pending_t  *p;

    c = s->collect;

    if (c->n == s->max_calls) {
        convrelay_llm_fail(s, "too_large", "has too many tool calls");
        return CONVRELAY_DECLINED;
    }

    if (c->n == c->size) {
        size = c->size ? 2 * c->size : 2;

        p = realloc(c->pending, size * sizeof(convrelay_llm_pending_t));
        if (p == NULL) {
            return CONVRELAY_ERROR;
        }

        c->pending = p;
        c->size = size;
    }

    p = &c->pending[c->n++];

    memset(p, 0, sizeof(convrelay_llm_pending_t));
    p->index = index;

    *found = p;

    return CONVRELAY_OK;
}


static int
convrelay_llm_take(convrelay_llm_stream_t *s, convrelay_llm_pending_t *p,
    const convrelay_llm_piece_t *piece)
{
    size_t                    len;
    convrelay_str_t           arguments;
    convrelay_llm_collect_t  *c;

    c = s->collect;
    c->last = p - c->pending;

    arguments = piece->arguments;

    if (piece->whole && p->arguments.len) {
        arguments.len = 0;
    }

    len = (p->id.len ? p->id.len : piece->id.len)
          + (piece->name.len ? piece->name.len : p->name.len)
          + (piece->extra.len ? piece->extra.len : p->extra.len)
          + p->arguments.len + arguments.len;

    c->len += len - p->len;
    p->len = len;

    if (c->len > convrelay_llm_max_call(s)) {
        convrelay_llm_fail(s, "too_large", "has tool calls that are too long");
        return CONVRELAY_DECLINED;
    }

    p->other |= piece->other;

    convrelay_llm_scan(p, &arguments);

    /* keep the first id: ids made up for later pieces would not be found */

    if ((p->id.len == 0
         && convrelay_llm_keep(&p->id, &piece->id) != CONVRELAY_OK)
        || convrelay_llm_keep(&p->name, &piece->name) != CONVRELAY_OK
        || convrelay_llm_buf_append(&p->arguments, arguments.data,
                                    arguments.len)
           != CONVRELAY_OK)
    {
        return CONVRELAY_ERROR;
    }

    if (convrelay_llm_raw_control(&piece->extra)) {
        return CONVRELAY_OK;
    }

    return convrelay_llm_keep(&p->extra, &piece->extra);
}


static void
convrelay_llm_scan(convrelay_llm_pending_t *p,
    const convrelay_str_t *arguments)
{
    u_char  c;
    size_t  i;

    for (i = 0; i < arguments->len; i++) {
        c = arguments->data[i];

        if (p->string) {

            if (p->escape) {
                p->escape = 0;

            } else if (c == '\\') {
                p->escape = 1;

            } else if (c == '"') {
                p->string = 0;
            }

            continue;
        }

        if (c == '"') {
            p->string = 1;

        } else if (c == '{' || c == '[') {
            p->opened = 1;
            p->depth++;

        } else if ((c == '}' || c == ']') && p->depth) {
            p->depth--;
        }
    }
}


/* an empty src leaves dst as it is */

static int
convrelay_llm_keep(convrelay_str_t *dst, const convrelay_str_t *src)
{
    u_char  *p;

    if (src->len == 0 || convrelay_str_equal(dst, src)) {
        return CONVRELAY_OK;
    }

    p = realloc(dst->data, src->len);
    if (p == NULL) {
        return CONVRELAY_ERROR;
    }

    memcpy(p, src->data, src->len);

    dst->data = p;
    dst->len = src->len;

    return CONVRELAY_OK;
}


void
convrelay_llm_calls_end(convrelay_llm_stream_t *s)
{
    convrelay_llm_collect_t  *c;

    c = s->collect;

    if (c == NULL || c->ended) {
        return;
    }

    c->ended = 1;

    if (convrelay_llm_to_run(s) && convrelay_llm_list(s) != CONVRELAY_OK) {
        s->ncalls = 0;
        s->done = 0;

        convrelay_llm_fail(s, "no_memory", "could not be read: out of memory");
    }
}


/* half a call must not be run: the whole can mean the opposite */

static unsigned
convrelay_llm_to_run(const convrelay_llm_stream_t *s)
{
    if (s->failed || !convrelay_llm_good(s)) {
        return 0;
    }

    switch (s->finish) {

    case CONVRELAY_LLM_FINISH_NONE:
        return s->done && !s->hint;

    case CONVRELAY_LLM_FINISH_STOP:
    case CONVRELAY_LLM_FINISH_TOOL_CALLS:
        return 1;

    default:
        return 0;
    }
}


static int
convrelay_llm_list(convrelay_llm_stream_t *s)
{
    size_t                    i;
    convrelay_llm_collect_t  *c;
    convrelay_llm_pending_t  *p;

    c = s->collect;

    c->calls = calloc(c->n + 1, sizeof(convrelay_llm_call_t));
    if (c->calls == NULL) {
        return CONVRELAY_ERROR;
    }

    s->calls = c->calls;

    for (i = 0; i < c->n; i++) {
        p = &c->pending[i];

        if (p->name.len == 0 || p->other) {
            s->dropped = 1;
            continue;
        }

        if (convrelay_llm_end_one(s, p, &c->calls[s->ncalls])
            != CONVRELAY_OK)
        {
            return CONVRELAY_ERROR;
        }

        s->ncalls++;
    }

    return CONVRELAY_OK;
}


static int
convrelay_llm_end_one(convrelay_llm_stream_t *s, convrelay_llm_pending_t *p,
    convrelay_llm_call_t *call)
{
    int              n;
    char             id[64];
    convrelay_str_t  made, trimmed;

    if (convrelay_llm_join_arguments(p) != CONVRELAY_OK) {
        return CONVRELAY_ERROR;
    }

    if (p->id.len == 0) {
        n = snprintf(id, sizeof(id), "call_%llu_%zu",
                     (unsigned long long) s->turn, s->ncalls);

        made.len = n;
        made.data = (u_char *) id;

        if (convrelay_llm_keep(&p->id, &made) != CONVRELAY_OK) {
            return CONVRELAY_ERROR;
        }
    }

    call->id = p->id;
    call->name = p->name;
    call->extra = p->extra;
    call->arguments.len = p->arguments.len;
    call->arguments.data = p->arguments.data;

    trimmed = call->arguments;
    convrelay_str_trim(&trimmed);

    if (trimmed.len == 0 || convrelay_str_eq(&trimmed, "null")) {
        convrelay_str_set(&call->arguments, "{}");
    }

    call->valid = convrelay_llm_is_valid(&call->arguments);

    return CONVRELAY_OK;
}


/* joins the characters that were cut in two between pieces */

static int
convrelay_llm_join_arguments(convrelay_llm_pending_t *p)
{
    convrelay_str_t         text;
    convrelay_llm_buf_t     out;
    convrelay_llm_halves_t  halves;

    if (p->arguments.len == 0) {
        return CONVRELAY_OK;
    }

    memset(&halves, 0, sizeof(convrelay_llm_halves_t));
    memset(&out, 0, sizeof(convrelay_llm_buf_t));

    text.len = p->arguments.len;
    text.data = p->arguments.data;

    if (convrelay_llm_halves(&halves, &out, &text) != CONVRELAY_OK
        || convrelay_llm_halves_end(&halves, &out) != CONVRELAY_OK)
    {
        convrelay_llm_buf_free(&out);
        return CONVRELAY_ERROR;
    }

    if (out.len) {
        convrelay_llm_buf_free(&p->arguments);
        p->arguments = out;
    }

    return CONVRELAY_OK;
}


static unsigned
convrelay_llm_is_valid(const convrelay_str_t *arguments)
{
    const char       *error;
    convrelay_str_t   text;

    text = *arguments;
    convrelay_str_trim(&text);

    return text.len && text.data[0] == '{'
           && !convrelay_llm_raw_control(&text)
           && convrelay_json_check(text.data, text.len, &error)
              == CONVRELAY_OK;
}


void
convrelay_llm_calls_free(convrelay_llm_stream_t *s)
{
    size_t                    i;
    convrelay_llm_collect_t  *c;

    c = s->collect;

    if (c == NULL) {
        return;
    }

    for (i = 0; i < c->n; i++) {
        free(c->pending[i].id.data);
        free(c->pending[i].name.data);
        free(c->pending[i].extra.data);

        convrelay_llm_buf_free(&c->pending[i].arguments);
    }

    free(c->pending);
    free(c->calls);
    free(c);

    s->collect = NULL;
    s->calls = NULL;
    s->ncalls = 0;
}
