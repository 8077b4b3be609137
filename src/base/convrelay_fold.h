
/*
 * Copyright (C) convrelay contributors
 *
 * Letters in upper and lower case, of any script: the simple case folding of
 * Unicode 14.0, in which each character has one counterpart.  "ss" is not
 * the same as a sharp s here, and no accent is dropped.
 */


#ifndef CONVRELAY_FOLD_H_INCLUDED
#define CONVRELAY_FOLD_H_INCLUDED


#include "convrelay_base.h"


/* the character that stands for cp and its counterparts */
uint32_t convrelay_fold(uint32_t cp);

/*
 * 1 if text contains part, which is not empty, ignoring case; otherwise 0.
 * Both are UTF-8; an invalid sequence equals none.
 */
int convrelay_fold_contains(const convrelay_str_t *text,
    const convrelay_str_t *part);


#endif /* CONVRELAY_FOLD_H_INCLUDED */
