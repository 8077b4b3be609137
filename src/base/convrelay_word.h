
/*
 * Copyright (C) convrelay contributors
 */


#ifndef CONVRELAY_WORD_H_INCLUDED
#define CONVRELAY_WORD_H_INCLUDED


#include "convrelay_base.h"


/* true if text has a letter or a digit of any script; invalid UTF-8 is
   neither */
unsigned convrelay_has_word(const convrelay_str_t *text);

/* the same for one code point; U+FFFD, the replacement character, is neither */
unsigned convrelay_is_word(uint32_t cp);

/* true if the code point's script has no blanks between words, so that each
   character counts as one */
unsigned convrelay_word_is_alone(uint32_t cp);

/* how many words text has: those that blanks separate; where a script has none,
   two characters are one */
unsigned convrelay_word_count(const convrelay_str_t *text);


#endif /* CONVRELAY_WORD_H_INCLUDED */
