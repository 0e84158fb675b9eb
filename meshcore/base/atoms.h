/* Interned names: equal texts have equal 32-bit atoms within one realm. Numbers depend on the order of
 * interning, so they never enter keys, hashes, sorts or output; their texts do. */
#ifndef BASE_ATOMS_H
#define BASE_ATOMS_H

#include "base/alloc.h"
#include "base/str.h"

typedef uint32_t mc_atom; /* 0: none; its text is empty */

struct mc_atoms {
    struct mc_alloc alloc;
    struct mc_atom_entry **entries; /* by number - 1, never moved once interned */
    uint32_t count, capacity;
    uint32_t *table; /* open addressing over numbers; 0 is free */
    uint32_t table_size;
};

void mc_atoms_init(struct mc_atoms *atoms, struct mc_alloc alloc);
void mc_atoms_fini(struct mc_atoms *atoms);
mc_atom mc_atoms_intern(struct mc_atoms *atoms, struct mc_str text); /* 0: refused, or empty text */
mc_atom mc_atoms_find(const struct mc_atoms *atoms, struct mc_str text); /* 0: never interned */
struct mc_str mc_atoms_text(const struct mc_atoms *atoms, mc_atom atom); /* lives as long as the table; NUL follows */

#endif
