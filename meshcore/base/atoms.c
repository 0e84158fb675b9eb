#include "base/atoms.h"
#include "base/assert.h"
#include "base/digest.h"

struct mc_atom_entry {
    uint64_t hash;
    uint32_t length;
    char text[];
};

enum { FIRST_TABLE = 64, COUNT_MAX = 1 << 28 };

void mc_atoms_init(struct mc_atoms *atoms, struct mc_alloc alloc)
{
    *atoms = (struct mc_atoms){.alloc = alloc};
}

void mc_atoms_fini(struct mc_atoms *atoms)
{
    for (uint32_t i = 0; i < atoms->count; i++)
        mc_alloc_give(&atoms->alloc, atoms->entries[i], sizeof *atoms->entries[i] + atoms->entries[i]->length + 1);
    mc_alloc_give(&atoms->alloc, atoms->entries, atoms->capacity * sizeof *atoms->entries);
    mc_alloc_give(&atoms->alloc, atoms->table, atoms->table_size * sizeof *atoms->table);
    mc_atoms_init(atoms, atoms->alloc);
}

/* The place of TEXT in the table, or the free one where it belongs. */
static uint32_t place_of(const struct mc_atoms *atoms, struct mc_str text, uint64_t hash)
{
    uint32_t mask = atoms->table_size - 1, place = (uint32_t)hash & mask;
    for (; atoms->table[place]; place = (place + 1) & mask) {
        const struct mc_atom_entry *entry = atoms->entries[atoms->table[place] - 1];
        if (entry->hash == hash && mc_str_eq(mc_str(entry->text, entry->length), text)) break;
    }
    return place;
}

static bool grow_table(struct mc_atoms *atoms)
{
    uint32_t size = atoms->table_size ? atoms->table_size * 2 : FIRST_TABLE;
    uint32_t *table = mc_alloc_take(&atoms->alloc, size * sizeof *table);
    if (!table) return false;
    memset(table, 0, size * sizeof *table);
    mc_alloc_give(&atoms->alloc, atoms->table, atoms->table_size * sizeof *table);
    atoms->table = table;
    atoms->table_size = size;
    for (uint32_t i = 0; i < atoms->count; i++) {
        uint32_t place = (uint32_t)atoms->entries[i]->hash & (size - 1);
        while (table[place]) place = (place + 1) & (size - 1);
        table[place] = i + 1;
    }
    return true;
}

static bool grow_entries(struct mc_atoms *atoms)
{
    uint32_t capacity = atoms->capacity ? atoms->capacity * 2 : FIRST_TABLE / 2;
    struct mc_atom_entry **entries = mc_alloc_take(&atoms->alloc, capacity * sizeof *entries);
    if (!entries) return false;
    if (atoms->count) memcpy(entries, atoms->entries, atoms->count * sizeof *entries);
    mc_alloc_give(&atoms->alloc, atoms->entries, atoms->capacity * sizeof *entries);
    atoms->entries = entries;
    atoms->capacity = capacity;
    return true;
}

mc_atom mc_atoms_intern(struct mc_atoms *atoms, struct mc_str text)
{
    if (!text.n || text.n > UINT32_MAX / 2 || atoms->count == COUNT_MAX) return 0;
    if ((atoms->count + 1) * 2 > atoms->table_size && !grow_table(atoms)) return mc_atoms_find(atoms, text);
    uint64_t hash = mc_hash(text, 0);
    uint32_t place = place_of(atoms, text, hash);
    if (atoms->table[place]) return atoms->table[place];
    if (atoms->count == atoms->capacity && !grow_entries(atoms)) return 0;
    struct mc_atom_entry *entry = mc_alloc_take(&atoms->alloc, sizeof *entry + text.n + 1);
    if (!entry) return 0;
    entry->hash = hash;
    entry->length = (uint32_t)text.n;
    memcpy(entry->text, text.p, text.n);
    entry->text[text.n] = '\0';
    atoms->entries[atoms->count++] = entry;
    return atoms->table[place] = atoms->count;
}

mc_atom mc_atoms_find(const struct mc_atoms *atoms, struct mc_str text)
{
    if (!text.n || !atoms->table_size) return 0;
    return atoms->table[place_of(atoms, text, mc_hash(text, 0))];
}

struct mc_str mc_atoms_text(const struct mc_atoms *atoms, mc_atom atom)
{
    if (!atom) return MC_STR("");
    mc_assert(atom <= atoms->count);
    const struct mc_atom_entry *entry = atoms->entries[atom - 1];
    return mc_str(entry->text, entry->length);
}
