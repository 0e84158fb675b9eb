/* SHA-256 of what is not secret: scripts in results files. And the name of the library behind it. */
#ifndef OSSL_SHA256_H
#define OSSL_SHA256_H

#include "base/str.h"

/* 64 lower-case hex digits and a terminator. False: the library refused. */
bool mc_ossl_sha256(struct mc_str text, char out[static 65]);
const char *mc_ossl_library(void); /* "OpenSSL 3.0.22 …", as it runs */

#endif
