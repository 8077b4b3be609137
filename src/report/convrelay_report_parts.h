
/*
 * Copyright (C) convrelay contributors
 *
 * Shared by the files of this room.
 */


#ifndef CONVRELAY_REPORT_PARTS_H_INCLUDED
#define CONVRELAY_REPORT_PARTS_H_INCLUDED


#include "convrelay_report.h"


/* appends a text that ends in NUL; a JSON string */
void convrelay_report_text(convrelay_report_out_t *out, const char *text);
void convrelay_report_string(convrelay_report_out_t *out,
    const convrelay_str_t *text);

/* appends ,"name":"value" unless the value is empty */
void convrelay_report_member(convrelay_report_out_t *out, const char *name,
    const convrelay_str_t *value);


#endif /* CONVRELAY_REPORT_PARTS_H_INCLUDED */
