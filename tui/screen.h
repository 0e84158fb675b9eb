/* The terminal: the only file behind this header knows curses. One at a time, main thread only. */
#ifndef TUI_SCREEN_H
#define TUI_SCREEN_H

#include "tui/canvas.h"
#include "tui/tui.h"

/* False: no terminal that can show it; TEXT (of SIZE) says why. True: TEXT is a hint, or empty. */
bool tui_screen_open(enum tui_colour colour, char *text, size_t size);
void tui_screen_close(void);
void tui_screen_size(uint32_t *width, uint32_t *height); /* asks the terminal anew */
void tui_screen_show(const struct tui_canvas *canvas, bool anew); /* only what changed is sent, unless ANEW */
uint32_t tui_screen_key(void);                           /* 0: none waits; else as in keys.h */
bool tui_screen_is_pasting(void);                        /* the key was pasted: text, never a command */
void tui_screen_suspend(void);                           /* gives the terminal back; show takes it again */

#endif
