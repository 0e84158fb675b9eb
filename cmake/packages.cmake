# The libraries of Debian 12 that the product stands on; nothing is downloaded.
find_package(PkgConfig REQUIRED)
foreach(spec uv:libuv ssl:openssl lua:lua5.4 sqlite:sqlite3 yaml:yaml-0.1 jansson:jansson
             curses:ncursesw xxhash:libxxhash pcre2:libpcre2-8)
    string(REPLACE ":" ";" spec ${spec})
    list(GET spec 0 name)
    list(GET spec 1 module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
    add_library(ext-${name} ALIAS PkgConfig::${name})
endforeach()

# Debian ships llhttp as C sources in node-llhttp. Strict mode is not their default.
find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp NO_DEFAULT_PATH REQUIRED)
find_path(LLHTTP_SOURCE api.c PATHS /usr/share/llhttp NO_DEFAULT_PATH REQUIRED)
add_library(ext-llhttp STATIC ${LLHTTP_SOURCE}/llhttp.c ${LLHTTP_SOURCE}/http.c ${LLHTTP_SOURCE}/api.c)
target_include_directories(ext-llhttp SYSTEM PUBLIC ${LLHTTP_INCLUDE})
target_compile_definitions(ext-llhttp PUBLIC LLHTTP_STRICT_MODE=1)
target_compile_options(ext-llhttp PRIVATE -w -O2)
