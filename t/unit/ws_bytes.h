
/*
 * Copyright (C) convrelay contributors
 *
 * Frames as strings.
 */


/* a mask that leaves the payload readable */

#define M             "\0\0\0\0"

#define TEN           "0123456789"
#define FIFTY         TEN TEN TEN TEN TEN
#define BYTES_125     FIFTY FIFTY TEN TEN "01234"

#define bytes(s)      s, sizeof(s) - 1
