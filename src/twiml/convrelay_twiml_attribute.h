
/*
 * Copyright (C) convrelay contributors
 *
 * The attributes of <ConversationRelay> and <Language> that Twilio knows, their
 * values, and the valid combinations.  Twilio ignores a name or a value that it
 * does not know, and rejects the live call (64101, 64102, 64106) if they do not
 * match; so they are checked beforehand.
 */


#ifndef CONVRELAY_TWIML_ATTRIBUTE_H_INCLUDED
#define CONVRELAY_TWIML_ATTRIBUTE_H_INCLUDED


#include "convrelay_base.h"
#include "convrelay_twiml.h"


typedef enum {
    CONVRELAY_TWIML_RELAY = 0,      /* of <ConversationRelay> */
    CONVRELAY_TWIML_LANGUAGE        /* of <Language> */
} convrelay_twiml_element_e;


/* a pair of settings of one document that Twilio would refuse */

typedef struct {
    const char             *phrase;
    const convrelay_str_t  *code;   /* of the <Language>, or NULL */
} convrelay_twiml_conflict_t;


#define CONVRELAY_TWIML_MAX_CONFLICTS  8


/*
 * Returns CONVRELAY_OK if the element has an attribute of this name, or
 * CONVRELAY_DECLINED with the name that may have been meant in *hint, or
 * NULL there.
 */
int convrelay_twiml_check_attribute(convrelay_twiml_element_e element,
    const convrelay_str_t *name, const char **hint);

/*
 * Returns CONVRELAY_OK if Twilio accepts the value, also for an empty value
 * and for any value of an unknown name.  CONVRELAY_DECLINED: the
 * phrase in *error says what to write, e.g. "write \"true\" or \"false\"".
 * The code of a <Language> is checked as "language".
 */
int convrelay_twiml_check_value(const convrelay_str_t *name,
    const convrelay_str_t *value, const char **error);

/* an action URL: absolute, http or https, or relative; results as above */
int convrelay_twiml_check_action(const convrelay_str_t *url,
    const char **error);

/*
 * Looks for settings that contradict each other.  A value whose data is NULL is
 * not known yet, and never conflicts.  Only the attributes and languages of t
 * are used.
 *
 * Returns the number of conflicts in c, at most
 * CONVRELAY_TWIML_MAX_CONFLICTS; their codes point into t.
 */
size_t convrelay_twiml_conflicts(const convrelay_twiml_t *t,
    convrelay_twiml_conflict_t *c);


#endif /* CONVRELAY_TWIML_ATTRIBUTE_H_INCLUDED */
