
/*
 * Copyright (C) convrelay contributors
 *
 * Words that are pronounced in another way than they are written.  The history
 * has them as they are written, and what was sent is kept with the answer, so
 * that reports of what was heard are found in it.
 */


#include "convrelay_session_parts.h"


static void convrelay_session_pronounce_read(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_pronounce_how_e how, uint64_t now,
    convrelay_actions_t *out);


void
convrelay_session_say(convrelay_session_t *s, const convrelay_str_t *text,
    uint64_t now, convrelay_actions_t *out)
{
    convrelay_spoken_t  spoken;

    if (s->conf->lexicon && s->speech) {
        convrelay_session_pronounce_read(s, text, CONVRELAY_PRONOUNCE_MORE,
                                         now, out);
        return;
    }

    spoken.written = *text;
    spoken.spoken = *text;
    spoken.words = NULL;
    spoken.nwords = 0;

    convrelay_session_speak(s, &spoken, now, out);
}


void
convrelay_session_pronounce_flush(convrelay_session_t *s,
    convrelay_pronounce_how_e how, uint64_t now, convrelay_actions_t *out)
{
    static const convrelay_str_t  none = convrelay_string("");

    if (s->speech == NULL || s->speech->pronounce.held == 0
        || s->turn == CONVRELAY_TURN_IDLE)
    {
        return;
    }

    convrelay_session_pronounce_read(s, &none, how, now, out);

    convrelay_session_speech_altered(s);
}


static void
convrelay_session_pronounce_read(convrelay_session_t *s,
    const convrelay_str_t *text, convrelay_pronounce_how_e how, uint64_t now,
    convrelay_actions_t *out)
{
    int                     rc;
    convrelay_spoken_t      words;
    convrelay_pronounce_t  *p;

    p = &s->speech->pronounce;
    p->lang = s->lang;

    rc = convrelay_pronounce_read(p, s->conf->lexicon, text, how, &words);

    if (rc != CONVRELAY_OK) {
        convrelay_session_no_memory(s, out);
        return;
    }

    if (words.written.len) {
        convrelay_session_speak(s, &words, now, out);
    }
}


int
convrelay_session_respell(const convrelay_session_t *s,
    convrelay_pronounce_t *p, const convrelay_str_t *text,
    const convrelay_str_t *lang, convrelay_spoken_t *spoken)
{
    memset(p, 0, sizeof(convrelay_pronounce_t));

    if (s->conf->lexicon == NULL) {
        spoken->written = *text;
        spoken->spoken = *text;
        spoken->words = NULL;
        spoken->nwords = 0;

        return CONVRELAY_OK;
    }

    p->lang = lang->len ? *lang : s->lang;

    return convrelay_pronounce_read(p, s->conf->lexicon, text,
                                    CONVRELAY_PRONOUNCE_END, spoken);
}
