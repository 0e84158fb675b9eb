/* Files that others wrote: the corpus beside the source tree (or where SQUALL_CORPUS says). Tests that
 * need it are skipped, and say so, where it is absent. */
#ifndef SUPPORT_CORPUS_H
#define SUPPORT_CORPUS_H

#include <stdbool.h>
#include <stddef.h>

/* The path of NAME in the corpus, in OUT; false (and a word on stdout, once) if there is no corpus. */
bool corpus_path(const char *name, char *out, size_t size);
/* The whole content, terminated, for free(); NULL if it cannot be read. */
char *corpus_read(const char *path, size_t *length);

#endif
