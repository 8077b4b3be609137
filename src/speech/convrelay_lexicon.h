
/*
 * Copyright (C) convrelay contributors
 *
 * Words with the way in which they are to be spoken.
 */


#ifndef CONVRELAY_LEXICON_H_INCLUDED
#define CONVRELAY_LEXICON_H_INCLUDED


#include "convrelay_base.h"


#define CONVRELAY_LEXICON_WORD    128     /* bytes of a word, at most */
#define CONVRELAY_LEXICON_SPOKEN  256     /* bytes of what is spoken for it */
#define CONVRELAY_LEXICON_LANG    35      /* bytes of a language */


typedef struct {
    convrelay_str_t            word;
    convrelay_str_t            spoken;
    convrelay_str_t            lang;      /* the word is one of this language,
                                             such as "en" or "en-GB"; empty: of
                                             each */
    convrelay_str_t            key;       /* set by convrelay_lexicon_key() */
    convrelay_str_t            file;      /* the owner's: where it is from */
    size_t                     line;
    uint32_t                   number;    /* of the word, in their order */
    unsigned                   exact:1;   /* upper and lower case differ */
} convrelay_lexicon_word_t;


typedef struct {
    convrelay_lexicon_word_t  *words;     /* borrowed; sorted */
    size_t                     nwords;
    uint32_t                   first[257];        /* for each byte, where the
                                             keys begin that it begins */
} convrelay_lexicon_t;


/*
 * Checks a word that was configured.  Returns NULL or what is wrong with it, a
 * phrase such as "is longer than 128 bytes", and sets *part to the part that
 * the phrase is about: "WORD", "SPOKEN" or "lang".
 */
const char *convrelay_lexicon_check(const convrelay_lexicon_word_t *word,
    const char **part);

/*
 * Writes the key of a word: characters as they are compared.  Letters are in
 * lower case; blanks, apostrophes and hyphens of every kind are those of ASCII.
 * buf has room for twice the bytes of the word; returns the end.
 */
u_char *convrelay_lexicon_key(u_char *buf, const convrelay_str_t *word);

/* the character that stands for cp where characters are compared; in sign(),
   case is kept */
uint32_t convrelay_lexicon_fold(uint32_t cp);
uint32_t convrelay_lexicon_sign(uint32_t cp);

/*
 * Sorts the words, which have keys, and fills first.  Returns NULL or, where
 * there are two for the same word and language, the later one of them, after
 * the earlier one.
 */
const convrelay_lexicon_word_t *convrelay_lexicon_sort(
    convrelay_lexicon_t *lexicon);

/*
 * A set of keys that have their first bytes in common: those from first to
 * before last, of which the first depth bytes are known.
 */

typedef struct {
    const convrelay_lexicon_word_t  *first;
    const convrelay_lexicon_word_t  *last;
    size_t                           depth;
} convrelay_lexicon_set_t;

/* limits a set, in which no key ends, to those with c as their next byte */
void convrelay_lexicon_next(convrelay_lexicon_set_t *set, u_char c);

/*
 * Takes the keys that end out of the set.  Returns the best word for them,
 * which text is written as, in this language (empty: it is not known, and taken
 * to be "en-US", as Twilio takes it), or NULL.
 */
const convrelay_lexicon_word_t *convrelay_lexicon_end(
    convrelay_lexicon_set_t *set, const convrelay_str_t *text,
    const convrelay_str_t *lang);


#endif /* CONVRELAY_LEXICON_H_INCLUDED */
