
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_caller_print.h"
#include "convrelay_utf8.h"


static void convrelay_caller_print_start(convrelay_caller_print_t *p);
static void convrelay_caller_print_flush(convrelay_caller_print_t *p);
static void convrelay_caller_print_source(convrelay_caller_print_t *p,
    const char *where, const char *text);
static void convrelay_caller_print_clean(FILE *out, const char *text,
    size_t len, const char *newline);
static unsigned convrelay_caller_print_turns(uint32_t cp);
static void convrelay_caller_print_json(FILE *out, const char *json);
static const char *convrelay_caller_print_style(convrelay_caller_print_t *p,
    const char *style);


/* of a terminal that has an input line, where errors must not tear it */

static convrelay_caller_print_t  *convrelay_caller_print_screen;


void
convrelay_caller_print_init(convrelay_caller_print_t *p)
{
    if (p->json) {
        p->root = cJSON_CreateObject();
        cJSON_AddArrayToObject(p->root, "turns");
        cJSON_AddArrayToObject(p->root, "checks");
    }
}


void
convrelay_caller_print_call(convrelay_caller_print_t *p, const char *name)
{
    if (!p->json) {
        convrelay_caller_print_said(p, "scenario", name ? name : "--say");
        return;
    }

    if (p->calls == NULL) {
        p->calls = cJSON_CreateArray();

    } else {
        cJSON_AddItemToArray(p->calls, p->root);
        convrelay_caller_print_init(p);
    }

    if (name) {
        cJSON_AddStringToObject(p->root, "file", name);
    }
}


void
convrelay_caller_print_said(convrelay_caller_print_t *p, const char *label,
    const char *text)
{
    if (p->json || p->quiet) {
        return;
    }

    convrelay_caller_print_start(p);

    fprintf(p->out, "%s%-*s%s",
            convrelay_caller_print_style(p, "\033[1m"), CONVRELAY_CALLER_LABEL,
            label, convrelay_caller_print_style(p, "\033[0m"));

    convrelay_caller_print_text(p, text, strlen(text));
    fprintf(p->out, "\n");
    convrelay_caller_print_flush(p);
}


void
convrelay_caller_print_token(convrelay_caller_print_t *p, const char *label,
    const convrelay_str_t *token)
{
    if (p->json || p->quiet) {
        return;
    }

    if (!p->open) {
        convrelay_caller_print_start(p);
        fprintf(p->out, "%s%-*s%s",
                convrelay_caller_print_style(p, "\033[1;36m"),
                CONVRELAY_CALLER_LABEL, label,
                convrelay_caller_print_style(p, "\033[0m"));
        p->open = 1;
    }

    convrelay_caller_print_text(p, (char *) token->data, token->len);
    convrelay_caller_print_flush(p);
}


void
convrelay_caller_print_note(convrelay_caller_print_t *p, const char *fmt, ...)
{
    va_list                 args;
    convrelay_caller_buf_t  b;

    if (p->json || p->quiet) {
        return;
    }

    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    va_start(args, fmt);
    convrelay_caller_buf_vprintf(&b, fmt, args);
    va_end(args);

    convrelay_caller_print_start(p);

    fprintf(p->out, "%*s%s", CONVRELAY_CALLER_LABEL, "",
            convrelay_caller_print_style(p, "\033[2m"));

    convrelay_caller_print_text(p, b.data, b.len);

    fprintf(p->out, "%s\n", convrelay_caller_print_style(p, "\033[0m"));
    convrelay_caller_print_flush(p);

    convrelay_caller_buf_free(&b);
}


void
convrelay_caller_print_check(convrelay_caller_print_t *p, const char *name,
    unsigned line, const char *text, unsigned ok, const char *detail)
{
    char    where[300];
    cJSON  *check;

    where[0] = '\0';

    if (name && line) {
        snprintf(where, sizeof(where), "%s:%u: ", name, line);

    } else if (line) {
        snprintf(where, sizeof(where), "line %u: ", line);

    } else if (name) {
        snprintf(where, sizeof(where), "%s: ", name);
    }

    p->checks++;

    if (!ok) {
        p->failed++;
    }

    if (p->json) {
        check = cJSON_CreateObject();

        if (name) {
            cJSON_AddStringToObject(check, "file", name);
        }

        if (line) {
            cJSON_AddNumberToObject(check, "line", line);
        }

        cJSON_AddStringToObject(check, "step", text);
        cJSON_AddBoolToObject(check, "ok", ok);

        if (detail) {
            cJSON_AddStringToObject(check, "detail", detail);
        }

        cJSON_AddItemToArray(cJSON_GetObjectItem(p->root, "checks"), check);
        return;
    }

    if (p->open) {
        fprintf(p->out, "\n");
        p->open = 0;
    }

    if (p->tap) {
        fprintf(p->out, "%sok %u - ", ok ? "" : "not ", p->checks);
        convrelay_caller_print_source(p, where, text);
        fprintf(p->out, "\n");

        if (!ok && detail) {
            fprintf(p->out, "#   ");
            convrelay_caller_print_text(p, detail, strlen(detail));
            fprintf(p->out, "\n");
        }

    } else if (ok && !p->quiet) {
        fprintf(p->out, "%*s%sok%s  ", CONVRELAY_CALLER_LABEL, "",
                convrelay_caller_print_style(p, "\033[32m"),
                convrelay_caller_print_style(p, "\033[0m"));
        convrelay_caller_print_source(p, "", text);
        fprintf(p->out, "\n");

    } else if (!ok) {
        fprintf(p->out, "%*s%sFAILED%s  ", CONVRELAY_CALLER_LABEL, "",
                convrelay_caller_print_style(p, "\033[1;31m"),
                convrelay_caller_print_style(p, "\033[0m"));
        convrelay_caller_print_source(p, where, text);

        if (detail) {
            fprintf(p->out, ": ");
            convrelay_caller_print_text(p, detail, strlen(detail));
        }

        fprintf(p->out, "\n");
    }

    convrelay_caller_print_flush(p);
}


void
convrelay_caller_print_error(const char *fmt, ...)
{
    FILE                      *out;
    va_list                    args;
    convrelay_caller_buf_t     b;
    convrelay_caller_print_t  *p;

    memset(&b, 0, sizeof(convrelay_caller_buf_t));

    va_start(args, fmt);
    convrelay_caller_buf_vprintf(&b, fmt, args);
    va_end(args);

    p = convrelay_caller_print_screen;
    out = p ? p->out : stderr;

    if (p) {
        convrelay_caller_print_start(p);

    } else {
        fflush(stdout);
    }

    fprintf(out, "convrelay-call: ");
    convrelay_caller_print_clean(out, b.data, b.len, " ");
    fprintf(out, "\n");

    if (p) {
        convrelay_caller_print_flush(p);
    }

    convrelay_caller_buf_free(&b);
}


void
convrelay_caller_print_above(convrelay_caller_print_t *p)
{
    convrelay_caller_print_screen = p;
}


static void
convrelay_caller_print_flush(convrelay_caller_print_t *p)
{
    if (p->flush) {
        p->flush(p->flush_data);

    } else {
        fflush(p->out);
    }
}


void
convrelay_caller_print_done(convrelay_caller_print_t *p, int code)
{
    char  *text;

    if (p->open) {
        fprintf(p->out, "\n");
        p->open = 0;
    }

    if (p->json) {

        if (p->calls) {
            cJSON_AddItemToArray(p->calls, p->root);
            p->root = cJSON_CreateObject();
            cJSON_AddItemToObject(p->root, "calls", p->calls);
        }

        cJSON_AddNumberToObject(p->root, "exit", code);
        text = cJSON_Print(p->root);
        convrelay_caller_print_json(p->out, text ? text : "{}");
        fprintf(p->out, "\n");
        cJSON_free(text);
        cJSON_Delete(p->root);
        p->root = NULL;

    } else if (p->tap) {

        if (code != CONVRELAY_CALLER_EXIT_OK && p->failed == 0) {
            fprintf(p->out, "Bail out!  exit code %d\n", code);

        } else {
            fprintf(p->out, "1..%u\n", p->checks);
        }

    } else if (p->checks) {
        fprintf(p->out, "\n%s%u of %u expectations held%s\n",
                convrelay_caller_print_style(p, p->failed ? "\033[1;31m"
                                                        : "\033[32m"),
                p->checks - p->failed, p->checks,
                convrelay_caller_print_style(p, "\033[0m"));

    } else if (p->scenario && !p->quiet && code == CONVRELAY_CALLER_EXIT_OK) {
        fprintf(p->out, "\n0 expectations: nothing was judged\n");
    }

    convrelay_caller_print_flush(p);
}


static void
convrelay_caller_print_start(convrelay_caller_print_t *p)
{
    if (p->open) {
        fprintf(p->out, "\n");
        p->open = 0;
    }

    if (p->tap) {
        fprintf(p->out, "# ");
    }
}


/* lines continue under the text, and in TAP each of them is a comment */

void
convrelay_caller_print_text(convrelay_caller_print_t *p, const char *text,
    size_t len)
{
    char  newline[CONVRELAY_CALLER_LABEL + sizeof("\n# ")];

    snprintf(newline, sizeof(newline), "\n%s%*s", p->tap ? "# " : "",
             CONVRELAY_CALLER_LABEL, "");

    convrelay_caller_print_clean(p->out, text, len, newline);
}


/* an expectation is one line, and in TAP "# TODO" would excuse its failure */

static void
convrelay_caller_print_source(convrelay_caller_print_t *p, const char *where,
    const char *text)
{
    size_t  n;

    convrelay_caller_print_clean(p->out, where, strlen(where), " ");

    for ( /* void */ ; p->tap && strchr(text, '#'); text += n + 1) {
        n = strcspn(text, "#");

        convrelay_caller_print_clean(p->out, text, n, " ");
        fprintf(p->out, "\\#");
    }

    convrelay_caller_print_clean(p->out, text, strlen(text), " ");
}


/*
 * A server's text must not move the cursor, speak to the terminal or start a
 * line, or show what follows in another order.  A control character becomes a
 * blank, and a byte that is not UTF-8, which can be one for a terminal, a
 * question mark.
 */

static void
convrelay_caller_print_clean(FILE *out, const char *text, size_t len,
    const char *newline)
{
    uint32_t       cp;
    const u_char  *p, *last, *start;

    p = (const u_char *) text;
    last = p + len;

    while (p < last) {
        start = p;
        cp = convrelay_utf8_decode(&p, last);

        if (cp == '\n') {
            fputs(newline, out);

        } else if (cp == 0xfffd) {
            fputc('?', out);

        } else if (convrelay_utf8_is_control(cp)
                   || convrelay_caller_print_turns(cp))
        {
            fputc(' ', out);

        } else {
            fwrite(start, 1, p - start, out);
        }
    }
}


/* embeddings, overrides and isolates of Unicode's bidirectional algorithm */

static unsigned
convrelay_caller_print_turns(uint32_t cp)
{
    return (cp >= 0x202a && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069);
}


/* cJSON escapes what is below a blank; of the rest, all is in strings */

static void
convrelay_caller_print_json(FILE *out, const char *json)
{
    uint32_t       cp;
    const u_char  *p, *last, *start;

    p = (const u_char *) json;
    last = p + strlen(json);

    while (p < last) {
        start = p;
        cp = convrelay_utf8_decode(&p, last);

        if (cp == 0xfffd || (cp >= 0x7f && convrelay_utf8_is_control(cp))
            || convrelay_caller_print_turns(cp))
        {
            fprintf(out, "\\u%04x", cp);

        } else {
            fwrite(start, 1, p - start, out);
        }
    }
}


static const char *
convrelay_caller_print_style(convrelay_caller_print_t *p, const char *style)
{
    return p->color ? style : "";
}
