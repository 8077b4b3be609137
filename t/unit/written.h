
/*
 * Copyright (C) convrelay contributors
 *
 * A history as JSON, message by message: what it holds, and not what an API
 * makes of it.
 */


#include <stdio.h>
#include <stdlib.h>

#include "convrelay_history.h"
#include "convrelay_json.h"


static u_char *written(const convrelay_history_t *h, size_t *len);
static u_char *written_string(u_char *p, const char *name,
    const convrelay_str_t *value);
static size_t written_size(const convrelay_history_t *h);


/* to be free()d */

static u_char *
written(const convrelay_history_t *h, size_t *len)
{
    u_char                         *p, *start;
    convrelay_str_t                 text;
    convrelay_llm_call_t            call;
    const convrelay_llm_message_t  *m;

    static const char  *roles[] = {
        "system", "user", "assistant", "extra", "call", "tool"
    };

    start = malloc(written_size(h) + 1);
    p = start;

    for (m = h->first; m; m = m->next) {
        p += sprintf((char *) p, "{\"role\":\"%s\"", roles[m->role]);

        text.len = m->len;
        text.data = (u_char *) m->text;

        if (m->role == CONVRELAY_LLM_EXTRA) {
            convrelay_llm_message_call(m, &call);

            if (call.llm) {
                p += sprintf((char *) p, ",\"llm\":%u", call.llm);
            }

            text = call.extra;
        }

        if (m->role == CONVRELAY_LLM_CALL || m->role == CONVRELAY_LLM_TOOL) {
            convrelay_llm_message_call(m, &call);

            p = written_string(p, "id", &call.id);
            p = written_string(p, "name", &call.name);

            text = call.arguments;
        }

        p = written_string(p, "content", &text);

        *p++ = '}';

        if (m->next) {
            *p++ = ',';
        }
    }

    *len = p - start;

    return start;
}


static u_char *
written_string(u_char *p, const char *name, const convrelay_str_t *value)
{
    p += sprintf((char *) p, ",\"%s\":\"", name);
    p = convrelay_json_escape(p, value->data, value->len);
    *p++ = '"';

    return p;
}


/* enough for it */

static size_t
written_size(const convrelay_history_t *h)
{
    size_t                          size;
    const convrelay_llm_message_t  *m;

    size = 0;

    for (m = h->first; m; m = m->next) {
        size += 100 + CONVRELAY_JSON_ESCAPE_LEN * m->len;
    }

    return size;
}
