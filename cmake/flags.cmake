# One place for every compiler flag. Options that change struct layout do not exist.
option(SQUALL_LTO "link-time optimisation" OFF)
option(SQUALL_FUZZ "build the fuzz harnesses (clang)" OFF)
option(SQUALL_COVER "instrument for gcov" OFF)
set(SQUALL_SANITIZE "" CACHE STRING "sanitizers, comma separated")

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

set(CMAKE_C_FLAGS_RELEASE "-O2 -g")       # no NDEBUG: assertions stay on
set(CMAKE_C_FLAGS_DEBUG "-O1 -g -fno-omit-frame-pointer")

add_library(squall-flags INTERFACE)
target_compile_options(squall-flags INTERFACE
    -ffp-contract=off -fno-strict-aliasing
    -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla
    -Wwrite-strings -Wpointer-arith -Wswitch-enum -Wno-missing-field-initializers
    # snprintf into a bounded text cuts, and is meant to.
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation> -Werror)

if(SQUALL_SANITIZE)
    add_compile_options(-fsanitize=${SQUALL_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${SQUALL_SANITIZE})
endif()
if(SQUALL_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(SQUALL_COVER)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
if(SQUALL_LTO)
    include(CheckIPOSupported)
    check_ipo_supported(RESULT ipo LANGUAGES C)
    if(ipo)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    endif()
endif()
