
/*
 * Copyright (C) convrelay contributors
 *
 * Recognizes a prompt that only asks whether anybody is on the line: "Hello?
 * Are you still there?"
 */


#ifndef CONVRELAY_PRESENCE_H_INCLUDED
#define CONVRELAY_PRESENCE_H_INCLUDED


#include "convrelay_base.h"


/*
 * 1 if text, UTF-8, consists only of presence phrases, ignoring case and
 * punctuation; otherwise 0.
 *
 * phrases are the operator's own, for any language.  Without any (n is 0), the
 * built-in phrases of lang are used, a language tag whose primary subtag
 * counts: English, German, Spanish, French, Italian, Portuguese and Dutch.
 * Other languages, and an empty tag, have none.
 */
unsigned convrelay_presence(const convrelay_str_t *text,
    const convrelay_str_t *lang, const convrelay_str_t *phrases, size_t n);


#endif /* CONVRELAY_PRESENCE_H_INCLUDED */
