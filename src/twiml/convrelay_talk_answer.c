
/*
 * Copyright (C) convrelay contributors
 */


#include <stdio.h>

#include "convrelay_talk_answer.h"

#include "convrelay_json.h"
#include "convrelay_talk.h"


/* writes, or only counts */

typedef struct {
    u_char           *p;
    size_t            len;
} convrelay_talk_out_t;


static void convrelay_talk_put(convrelay_talk_out_t *out, const char *text);
static void convrelay_talk_text(convrelay_talk_out_t *out,
    const convrelay_str_t *text);
static void convrelay_talk_member(convrelay_talk_out_t *out, const char *name,
    const convrelay_str_t *value);
static void convrelay_talk_attributes(convrelay_talk_out_t *out,
    const convrelay_twiml_t *t);


/* of <ConversationRelay>: others are about voices and transcription */

static const char  *convrelay_talk_shown[] = {
    "welcomeGreeting", "welcomeGreetingInterruptible", "interruptible",
    "dtmfDetection", "events", "language", "ttsLanguage",
    "transcriptionLanguage"
};


size_t
convrelay_talk_setup(u_char *p, const convrelay_talk_setup_t *s)
{
    size_t                i;
    convrelay_talk_out_t  out;

    out.p = p;
    out.len = 0;

    convrelay_talk_put(&out, "{\"type\":\"setup\",\"sessionId\":\"");
    convrelay_talk_text(&out, &s->session_id);
    convrelay_talk_member(&out, "callSid", &s->call_sid);
    convrelay_talk_put(&out, "\",\"accountSid\":\"" CONVRELAY_TALK_ACCOUNT_SID
                             "\",\"from\":\"" CONVRELAY_TALK_FROM
                             "\",\"to\":\"\",\"direction\":\"inbound\","
                             "\"callType\":\"BROWSER\","
                             "\"callStatus\":\"RINGING\","
                             "\"customParameters\":{");

    for (i = 0; s->twiml && i < s->twiml->nparameters; i++) {
        convrelay_talk_put(&out, i ? "\",\"" : "\"");
        convrelay_talk_text(&out, &s->twiml->parameters[i].name);
        convrelay_talk_put(&out, "\":\"");
        convrelay_talk_text(&out, &s->twiml->parameters[i].value);
    }

    convrelay_talk_put(&out, i ? "\"}}" : "}}");

    return out.len;
}


size_t
convrelay_talk_answer(u_char *p, const convrelay_talk_answer_t *a)
{
    size_t                i;
    char                  number[24];
    convrelay_talk_out_t  out;

    out.p = p;
    out.len = 0;

    convrelay_talk_put(&out, "{\"url\":\"");
    convrelay_talk_text(&out, &a->path);
    convrelay_talk_text(&out, &a->location);
    convrelay_talk_put(&out, "\",\"protocols\":[\"" CONVRELAY_TALK_PROTOCOL
                             "\",\"" CONVRELAY_TALK_PREFIX);
    convrelay_talk_text(&out, &a->ticket);
    convrelay_talk_put(&out, "\"],\"setup\":\"");
    convrelay_talk_text(&out, &a->setup);

    (void) snprintf(number, sizeof(number), "%llu",
                    (unsigned long long) a->time);

    convrelay_talk_put(&out, "\",\"time\":");
    convrelay_talk_put(&out, number);
    convrelay_talk_put(&out, ",\"attributes\":{");

    if (a->twiml) {
        convrelay_talk_attributes(&out, a->twiml);
    }

    convrelay_talk_put(&out, "},\"languages\":[");

    for (i = 0; a->twiml && i < a->twiml->nlanguages; i++) {
        convrelay_talk_put(&out, i ? ",\"" : "\"");
        convrelay_talk_text(&out, &a->twiml->languages[i].code);
        convrelay_talk_put(&out, "\"");
    }

    convrelay_talk_put(&out, "]}");

    return out.len;
}


static void
convrelay_talk_attributes(convrelay_talk_out_t *out,
    const convrelay_twiml_t *t)
{
    size_t                   i, k, n;
    const convrelay_pair_t  *pair;

    n = 0;

    for (i = 0; i < t->nattributes; i++) {
        pair = &t->attributes[i];

        for (k = 0; k < sizeof(convrelay_talk_shown) / sizeof(char *); k++) {

            if (!convrelay_str_is(&pair->name, convrelay_talk_shown[k])) {
                continue;
            }

            convrelay_talk_put(out, n++ ? ",\"" : "\"");
            convrelay_talk_put(out, convrelay_talk_shown[k]);
            convrelay_talk_put(out, "\":\"");
            convrelay_talk_text(out, &pair->value);
            convrelay_talk_put(out, "\"");
        }
    }
}


/* after a value that is still open */

static void
convrelay_talk_member(convrelay_talk_out_t *out, const char *name,
    const convrelay_str_t *value)
{
    convrelay_talk_put(out, "\",\"");
    convrelay_talk_put(out, name);
    convrelay_talk_put(out, "\":\"");
    convrelay_talk_text(out, value);
}


static void
convrelay_talk_put(convrelay_talk_out_t *out, const char *text)
{
    size_t  len;

    len = strlen(text);
    out->len += len;

    if (out->p) {
        memcpy(out->p, text, len);
        out->p += len;
    }
}


static void
convrelay_talk_text(convrelay_talk_out_t *out, const convrelay_str_t *text)
{
    out->len += convrelay_json_escaped_len(text->data, text->len);

    if (out->p) {
        out->p = convrelay_json_escape(out->p, text->data, text->len);
    }
}
