/* Every key there is: one table for dispatch, for the help screen and for the line of hints. */
#ifndef TUI_KEYS_H
#define TUI_KEYS_H

#include "tui/view.h"

enum { /* beyond Unicode: what is no character */
    TUI_KEY_UP = 0x110000,
    TUI_KEY_DOWN,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_FAR_LEFT,  /* with Shift */
    TUI_KEY_FAR_RIGHT,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_BACK_TAB,
    TUI_KEY_BACKSPACE,
    TUI_KEY_F1,
    TUI_KEY_F3 = TUI_KEY_F1 + 2,
    TUI_KEY_F4,
    TUI_KEY_F6 = TUI_KEY_F1 + 5,
    TUI_KEY_F10 = TUI_KEY_F1 + 9,
    TUI_KEY_ESCAPE = 27,
    TUI_KEY_ENTER = 10,
    TUI_KEY_TAB = 9,
};
#define TUI_CTRL(letter) ((letter) & 0x1f)

enum { TUI_ON_OVERVIEW = 1 << TUI_OVERVIEW, TUI_ON_TIMELINE = 1 << TUI_TIMELINE, TUI_ON_ALL = (1 << TUI_TABS) - 1, TUI_KEY_CODES = 4 };

struct tui_key {
    uint32_t codes[TUI_KEY_CODES]; /* any of them; 0 ends */
    unsigned tabs;                 /* where it is, TUI_ON_… */
    const char *shown, *doc;
    const char *hint;              /* NULL: not in the line of hints */
    struct tui_deed (*act)(const struct tui_scene *scene, int argument);
    int argument;
};

const struct tui_key *tui_key_row(uint32_t row); /* NULL past the last */
const struct tui_key *tui_key_find(uint32_t code, enum tui_tab tab); /* NULL: no such key here */

/* A line typed after `:`. What is wrong with it goes to the view's note. */
struct tui_deed tui_command(const struct tui_scene *scene, const char *line);

#endif
