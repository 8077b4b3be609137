
/*
 * Copyright (C) convrelay contributors
 */


#include "convrelay_xml.h"

#include "convrelay_caller_xml.h"


typedef struct {
    convrelay_caller_xml_t  *root;
    convrelay_caller_xml_t  *current;      /* the element that is open */
} convrelay_caller_xml_tree_t;


static void convrelay_caller_xml_handler(convrelay_xml_t *x,
    convrelay_xml_event_e event, const convrelay_str_t *name,
    const convrelay_str_t *value);
static void convrelay_caller_xml_open(convrelay_xml_t *x,
    const convrelay_str_t *name);
static void convrelay_caller_xml_attribute(convrelay_caller_xml_t *node,
    const convrelay_str_t *name, const convrelay_str_t *value);
static unsigned convrelay_caller_xml_line(const convrelay_xml_t *x,
    const u_char *pos);


convrelay_caller_xml_t *
convrelay_caller_xml_parse(const char *data, size_t len, char **error)
{
    convrelay_xml_t              x;
    convrelay_str_t              xml;
    convrelay_caller_buf_t       b;
    convrelay_caller_xml_tree_t  tree;

    memset(&x, 0, sizeof(convrelay_xml_t));
    memset(&b, 0, sizeof(convrelay_caller_buf_t));
    memset(&tree, 0, sizeof(convrelay_caller_xml_tree_t));

    x.document = 1;
    x.handler = convrelay_caller_xml_handler;
    x.data = &tree;

    xml.data = (u_char *) data;
    xml.len = len;
    *error = NULL;

    if (convrelay_xml_read(&x, &xml) == CONVRELAY_OK) {
        return tree.root;
    }

    convrelay_caller_buf_printf(&b, "%s (line %u)", x.error,
                                convrelay_caller_xml_line(&x, x.pos));
    *error = b.data;

    convrelay_caller_xml_free(tree.root);

    return NULL;
}


void
convrelay_caller_xml_free(convrelay_caller_xml_t *root)
{
    convrelay_caller_xml_t  *node, *next;

    if (root == NULL) {
        return;
    }

    for (node = root->children; node; node = next) {
        next = node->next;
        convrelay_caller_xml_free(node);
    }

    convrelay_caller_pairs_free(&root->attributes);
    free(root->name);
    free(root);
}


static void
convrelay_caller_xml_handler(convrelay_xml_t *x, convrelay_xml_event_e event,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    convrelay_caller_xml_tree_t  *tree = x->data;

    switch (event) {

    case CONVRELAY_XML_OPEN:
        convrelay_caller_xml_open(x, name);
        break;

    case CONVRELAY_XML_ATTRIBUTE:
        convrelay_caller_xml_attribute(tree->current, name, value);
        break;

    case CONVRELAY_XML_CLOSE:
        tree->current = tree->current->parent;
        break;

    default: /* text, which ConversationRelay does not have */
        break;
    }
}


static void
convrelay_caller_xml_open(convrelay_xml_t *x, const convrelay_str_t *name)
{
    convrelay_caller_xml_t       *node, *parent;
    convrelay_caller_xml_tree_t  *tree;

    tree = x->data;
    parent = tree->current;

    node = convrelay_caller_alloc(sizeof(convrelay_caller_xml_t));
    node->name = convrelay_caller_strndup((char *) name->data, name->len);
    node->parent = parent;

    if (parent == NULL) {
        tree->root = node;

    } else if (parent->children == NULL) {
        parent->children = node;

    } else {
        parent->last_child->next = node;
    }

    if (parent) {
        parent->last_child = node;
    }

    tree->current = node;
}


static void
convrelay_caller_xml_attribute(convrelay_caller_xml_t *node,
    const convrelay_str_t *name, const convrelay_str_t *value)
{
    char  *copy, *text;

    copy = convrelay_caller_strndup((char *) name->data, name->len);
    text = convrelay_caller_alloc(value->len + 1);

    (void) convrelay_xml_unescape((u_char *) text, value, 1);
    convrelay_caller_pairs_add(&node->attributes, copy, text);

    free(copy);
    free(text);
}


static unsigned
convrelay_caller_xml_line(const convrelay_xml_t *x, const u_char *pos)
{
    unsigned       line;
    const u_char  *p;

    line = 1;

    for (p = x->first; p < pos; p++) {
        line += (*p == '\n');
    }

    return line;
}
