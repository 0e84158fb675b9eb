#include "support/corpus.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef SQUALL_SOURCE
#define SQUALL_SOURCE "."
#endif

bool corpus_path(const char *name, char *out, size_t size)
{
    static bool told;
    const char *root = getenv("SQUALL_CORPUS");
    snprintf(out, size, "%s%s/%s", root ? root : SQUALL_SOURCE, root ? "" : "/../shared/corpus", name);
    if (access(out, R_OK) == 0) return true;
    if (!told) printf("skipped: no corpus at %s\n", out);
    told = true;
    return false;
}

char *corpus_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    if (!file) return NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        text = size >= 0 ? malloc((size_t)size + 1) : NULL;
        rewind(file);
        *length = text ? fread(text, 1, (size_t)size, file) : 0;
        if (text) text[*length] = '\0';
    }
    fclose(file);
    return text;
}
