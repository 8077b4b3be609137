
/*
 * Copyright (C) convrelay contributors
 *
 * Common mistakes in values of environment variables, which are to be dropped,
 * rejected or warned about.
 */


#ifndef CONVRELAY_SECRET_H_INCLUDED
#define CONVRELAY_SECRET_H_INCLUDED


#include "convrelay_base.h"


/* the first control character except a tab, or -1 */
int convrelay_secret_control(const convrelay_str_t *value);

/* the value is in a pair of quotes */
int convrelay_secret_is_quoted(const convrelay_str_t *value);

/* the value is a placeholder as in examples, such as "sk-..." */
int convrelay_secret_is_placeholder(const convrelay_str_t *value);

/* the name says that the value is a secret, such as OPENAI_API_KEY */
int convrelay_secret_is_name(const convrelay_str_t *name);


#endif /* CONVRELAY_SECRET_H_INCLUDED */
