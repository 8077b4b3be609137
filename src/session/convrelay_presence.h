
/*
 * Copyright (C) convrelay contributors
 *
 * "Hello?  Are you still there?": a prompt that only asks whether anybody is
 * on the line.
 */


#ifndef CONVRELAY_PRESENCE_H_INCLUDED
#define CONVRELAY_PRESENCE_H_INCLUDED


#include "convrelay_base.h"


/*
 * 1 where text, UTF-8, is made of presence phrases and nothing else, whatever
 * its case and punctuation; else 0.
 *
 * phrases: the operator's own, for any language.  Without any (n is 0) they
 * are those of lang, a language tag of which the primary subtag counts: of
 * English, German, Spanish, French, Italian, Portuguese and Dutch; of another
 * language, or of none, there are none.
 */
unsigned convrelay_presence(const convrelay_str_t *text,
    const convrelay_str_t *lang, const convrelay_str_t *phrases, size_t n);


#endif /* CONVRELAY_PRESENCE_H_INCLUDED */
