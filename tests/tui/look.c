/* Prints the picture of the tests' run: look TAB WIDTHxHEIGHT [ascii [COUNT]]. */
#include "frames.h"
#include "tui/tui.h"
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    static struct sim_frame frame;
    struct tui_print_options options = {.glyphs = argc > 3 && strcmp(argv[3], "ascii") == 0 ? TUI_GLYPHS_ASCII : TUI_GLYPHS_UNICODE};
    if (argc < 3 || !tui_tab_find(argv[1], &options.tab) || !tui_size_parse(argv[2], &options.width, &options.height)) return 64;
    if (argc > 4) frame_large(&frame, (uint32_t)atoi(argv[4]));
    else frame_canary(&frame);
    return !tui_print(&frame, &options, stdout);
}
