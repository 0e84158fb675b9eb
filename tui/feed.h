/* The run on a thread of its own, and the pictures that come from it.
 *
 * Three frames: the run draws into one, the screen reads another, the third is exchanged, so that neither
 * waits for the other. The screen asks (want); the run answers between two slices of at most 1 024 events.
 * Commands are taken there, too. The thread has the C locale and no signals.
 */
#ifndef TUI_FEED_H
#define TUI_FEED_H

#include "tui/view.h"

struct tui_feed;

/* Starts the thread. NULL: no memory, no thread. WAKE_FD: a byte is written to it per new picture. */
struct tui_feed *tui_feed_new(struct tui_source *source, const struct tui_options *options, int wake_fd);
void tui_feed_free(struct tui_feed *feed); /* ends the thread after its slice and joins it */

void tui_feed_do(struct tui_feed *feed, struct tui_deed deed); /* PAUSE, STEP, GO_TO, SPEED */
void tui_feed_want(struct tui_feed *feed);
/* The latest picture; valid until the next take. NULL: none yet. *playback: as of now. */
const struct sim_frame *tui_feed_take(struct tui_feed *feed, struct tui_playback *playback);

#endif
