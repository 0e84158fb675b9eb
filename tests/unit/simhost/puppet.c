#include "unit/simnet/puppet.c" /* the same puppets on this stage */
