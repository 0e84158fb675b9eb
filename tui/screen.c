#define NCURSES_WIDECHAR 1 /* get_wch */
#include "tui/screen.h"
#include "tui/keys.h"
#include "base/assert.h"
#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END, SHIFT_LEFT_2, SHIFT_RIGHT_2, RESTORE = 256 };

static struct {
    SCREEN *screen;
    bool pasting, colours;
    attr_t looks[TUI_STYLES];
    short pairs[TUI_STYLES];
    /* For tui_abandon, which may run in a signal handler: prepared bytes and the modes of before. */
    volatile sig_atomic_t up;
    char restore[RESTORE];
    size_t restore_length;
    struct termios before;
} tty;

/* ---- opening ---- */

static const char *const modern[] = {"alacritty", "xterm-kitty", "kitty", "foot", "wezterm", "ghostty", "xterm-ghostty",
                                     "st-256color", "iterm2", "xterm-direct", "tmux-256color", "screen-256color"};

static const char *fallback_of(const char *term)
{
    for (size_t i = 0; i < MC_COUNT_OF(modern); i++)
        if (strncmp(term, modern[i], strlen(modern[i])) == 0) return "xterm-256color";
    return "vt100";
}

/* Asked first, since a newterm that fails loses memory. */
static bool is_described(const char *term)
{
    int status;
    if (setupterm(term, STDOUT_FILENO, &status) != OK) return false;
    del_curterm(cur_term);
    return true;
}

static bool open_as(const char *term)
{
    if (!is_described(term)) return false;
    tty.screen = newterm(term, stdout, stdin);
    return tty.screen != NULL;
}

static bool open_any(const char *term, char *text, size_t size)
{
    const char *instead = fallback_of(term);
    if (open_as(term)) return true;
    if (!open_as(instead) && !open_as(instead = "vt100")) {
        snprintf(text, size, "no description of the terminal \"%s\": set TERM=xterm-256color", term);
        return false;
    }
    snprintf(text, size, "no description of the terminal \"%s\": it is used as %s", term, instead);
    return true;
}

static bool is_fit(const char *term, char *text, size_t size)
{
    const char *why = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        why = "the screen needs a terminal on standard input and output; --print TAB draws one picture as text";
    else if (strcmp(term, "dumb") == 0)
        why = "the terminal \"dumb\" cannot place a cursor; --print TAB draws one picture as text";
    if (why) snprintf(text, size, "%s", why);
    return !why;
}

/* ---- colours: a style never rests on colour alone ---- */

struct look {
    short wide, narrow; /* colour of 256, of 8; -1: the terminal's own */
    attr_t colour_attribute, mono_attribute;
};

static const struct look looks[TUI_STYLES] = {
    [TUI_PLAIN] = {-1, -1, A_NORMAL, A_NORMAL},
    [TUI_DIM] = {245, -1, A_NORMAL, A_DIM},
    [TUI_BORDER] = {239, COLOR_BLUE, A_NORMAL, A_DIM},
    [TUI_TITLE] = {-1, -1, A_BOLD, A_BOLD},
    [TUI_HEADING] = {110, COLOR_CYAN, A_NORMAL, A_BOLD},
    [TUI_GOOD] = {75, COLOR_CYAN, A_NORMAL, A_NORMAL},
    [TUI_WARN] = {214, COLOR_YELLOW, A_NORMAL, A_BOLD},
    [TUI_BAD] = {203, COLOR_RED, A_BOLD, A_BOLD},
    [TUI_ACCENT] = {80, COLOR_CYAN, A_NORMAL, A_NORMAL},
    [TUI_KEY] = {-1, -1, A_BOLD, A_BOLD},
};

static bool wants_colour(enum tui_colour colour)
{
    const char *no_color = getenv("NO_COLOR");
    if (colour == TUI_COLOUR_NEVER || !has_colors()) return false;
    return colour == TUI_COLOUR_ALWAYS || !no_color || !no_color[0];
}

static void choose_looks(enum tui_colour colour)
{
    tty.colours = wants_colour(colour) && start_color() == OK && COLOR_PAIRS > TUI_STYLES;
    bool own = tty.colours && use_default_colors() == OK;
    for (short i = 0; i < TUI_STYLES; i++) {
        const struct look *look = &looks[i];
        short ink = tty.colours && COLORS >= 256 ? look->wide : look->narrow;
        tty.looks[i] = tty.colours ? look->colour_attribute : look->mono_attribute;
        tty.pairs[i] = 0;
        if (!tty.colours || ink < 0) continue;
        tty.pairs[i] = (short)(i + 1);
        init_pair(tty.pairs[i], ink, own ? -1 : COLOR_BLACK);
    }
}

/* ---- giving back ---- */

/* A capability without its padding marks "$<5>". */
static void keep(const char *capability)
{
    if (!capability || capability == (char *)-1) return;
    while (*capability && tty.restore_length < RESTORE) {
        const char *end = strncmp(capability, "$<", 2) == 0 ? strchr(capability, '>') : NULL;
        if (end) capability = end + 1;
        else tty.restore[tty.restore_length++] = *capability++;
    }
}

static char *capability(const char *name)
{
    char copy[16];
    snprintf(copy, sizeof copy, "%s", name);
    return tigetstr(copy);
}

static void prepare_restore(void)
{
    tty.restore_length = 0;
    static const char *const order[] = {"BD", "sgr0", "cnorm", "rmkx", "rmcup"};
    for (size_t i = 0; i < MC_COUNT_OF(order); i++) keep(capability(order[i]));
    keep("\r\n");
}

void tui_abandon(void)
{
    int error = errno;
    if (!tty.up) return;
    tty.up = 0;
    ssize_t written = write(STDOUT_FILENO, tty.restore, tty.restore_length);
    (void)written;
    tcsetattr(STDIN_FILENO, TCSANOW, &tty.before);
    errno = error;
}

static void send_capability(const char *name)
{
    char *text = capability(name);
    if (!text || text == (char *)-1) return;
    putp(text);
    fflush(stdout);
}

static void take_terminal(void)
{
    tty.up = 1;
    send_capability("BE"); /* bracketed paste: a pasted text is not a row of commands */
}

static void define_keys(void)
{
    define_key("\033[200~", PASTE_BEGIN);
    define_key("\033[201~", PASTE_END);
    define_key("\033[1;2D", SHIFT_LEFT_2);
    define_key("\033[1;2C", SHIFT_RIGHT_2);
}

bool tui_screen_open(enum tui_colour colour, char *text, size_t size)
{
    const char *term = getenv("TERM");
    text[0] = 0;
    if (!term || !term[0]) term = "vt100";
    if (!is_fit(term, text, size)) return false;
    setlocale(LC_CTYPE, "");
    tcgetattr(STDIN_FILENO, &tty.before);
    if (!open_any(term, text, size)) return false;
    prepare_restore();
    raw(); /* Ctrl-C and Ctrl-Z are keys; signals from elsewhere are signals */
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    define_keys();
    choose_looks(colour);
    take_terminal();
    return true;
}

void tui_screen_suspend(void)
{
    send_capability("BD");
    curs_set(1);
    endwin();
    tty.up = 0;
}

void tui_screen_close(void)
{
    if (!tty.screen) return;
    if (tty.up) tui_screen_suspend();
    delscreen(tty.screen);
    tty.screen = NULL;
}

/* ---- showing ---- */

void tui_screen_size(uint32_t *width, uint32_t *height)
{
    struct winsize size = {0};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col && size.ws_row &&
        (size.ws_col != COLS || size.ws_row != LINES))
        resizeterm(size.ws_row, size.ws_col);
    *width = (uint32_t)COLS;
    *height = (uint32_t)LINES;
}

static void put_run(const struct tui_canvas *canvas, int y, int from, int to)
{
    char bytes[TUI_SIDE_MAX * TUI_CELL_BYTES];
    size_t n = 0;
    unsigned style = tui_canvas_at(canvas, from, y)->style, kind = style & ~(unsigned)TUI_SELECTED;
    for (int x = from; x < to; x++) {
        const char *text = tui_canvas_at(canvas, x, y)->text;
        size_t length = strlen(text);
        memcpy(bytes + n, text, length);
        n += length;
    }
    attr_set(tty.looks[kind] | (style & TUI_SELECTED ? A_REVERSE : 0), tty.pairs[kind], NULL);
    mvaddnstr(y, from, bytes, (int)n);
}

static void put_row(const struct tui_canvas *canvas, int y)
{
    for (int from = 0, to; from < canvas->width; from = to) {
        unsigned style = tui_canvas_at(canvas, from, y)->style;
        for (to = from + 1; to < canvas->width && tui_canvas_at(canvas, to, y)->style == style;) to++;
        put_run(canvas, y, from, to);
    }
}

void tui_screen_show(const struct tui_canvas *canvas, bool anew)
{
    bool was_away = !tty.up;
    erase();
    for (int y = 0; y < canvas->height && y < LINES; y++) put_row(canvas, y);
    if (anew || was_away) clearok(curscr, TRUE);
    if (was_away) curs_set(0);
    refresh();
    if (was_away) take_terminal();
}

/* ---- keys ---- */

static const struct {
    wint_t curses;
    uint32_t key;
} keys[] = {
    {KEY_UP, TUI_KEY_UP}, {KEY_DOWN, TUI_KEY_DOWN}, {KEY_LEFT, TUI_KEY_LEFT}, {KEY_RIGHT, TUI_KEY_RIGHT},
    {KEY_SLEFT, TUI_KEY_FAR_LEFT}, {KEY_SRIGHT, TUI_KEY_FAR_RIGHT}, {SHIFT_LEFT_2, TUI_KEY_FAR_LEFT},
    {SHIFT_RIGHT_2, TUI_KEY_FAR_RIGHT}, {KEY_PPAGE, TUI_KEY_PAGE_UP}, {KEY_NPAGE, TUI_KEY_PAGE_DOWN},
    {KEY_HOME, TUI_KEY_HOME}, {KEY_END, TUI_KEY_END}, {KEY_BTAB, TUI_KEY_BACK_TAB},
    {KEY_BACKSPACE, TUI_KEY_BACKSPACE}, {KEY_ENTER, TUI_KEY_ENTER},
};

static uint32_t special(wint_t code)
{
    for (size_t i = 0; i < MC_COUNT_OF(keys); i++)
        if (keys[i].curses == code) return keys[i].key;
    if (code > KEY_F0 && code <= KEY_F(12)) return TUI_KEY_F1 + (uint32_t)(code - KEY_F(1));
    return 0;
}

/* Within a paste only characters come through, and no line ends. */
static uint32_t translate(int kind, wint_t code)
{
    if (kind == KEY_CODE_YES && code == PASTE_BEGIN) tty.pasting = true;
    if (kind == KEY_CODE_YES && code == PASTE_END) tty.pasting = false;
    if (tty.pasting && (kind == KEY_CODE_YES || code < ' ')) return 0;
    return kind == KEY_CODE_YES ? special(code) : (uint32_t)code;
}

bool tui_screen_is_pasting(void)
{
    return tty.pasting;
}

uint32_t tui_screen_key(void)
{
    wint_t code = 0;
    for (int i = 0; i < 256; i++) { /* what means nothing is skipped */
        int kind = get_wch(&code);
        if (kind == ERR) return 0;
        uint32_t key = translate(kind, code);
        if (key) return key;
    }
    return 0;
}
