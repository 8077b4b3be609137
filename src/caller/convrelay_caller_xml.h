
/*
 * Copyright (C) convrelay contributors
 *
 * The elements of an XML document as a tree, without their text.
 */


#ifndef CONVRELAY_CALLER_XML_H_INCLUDED
#define CONVRELAY_CALLER_XML_H_INCLUDED


#include "convrelay_caller.h"


typedef struct convrelay_caller_xml_s  convrelay_caller_xml_t;

struct convrelay_caller_xml_s {
    char                     *name;
    convrelay_caller_pairs_t  attributes;

    convrelay_caller_xml_t   *parent;
    convrelay_caller_xml_t   *children;
    convrelay_caller_xml_t   *last_child;
    convrelay_caller_xml_t   *next;
};


/*
 * Parses one document.  Returns its root, to be freed, or NULL with a
 * phrase in *error (malloc'ed) that names the line.
 */
convrelay_caller_xml_t *convrelay_caller_xml_parse(const char *data, size_t len,
    char **error);
void convrelay_caller_xml_free(convrelay_caller_xml_t *root);


#endif /* CONVRELAY_CALLER_XML_H_INCLUDED */
