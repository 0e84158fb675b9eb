# squall_layer(NAME PREFIX DIR [SEES lower...] [USES external...])
#
# One static library per folder. A folder's headers are reached through an include root of its own
# that holds one link, PREFIX -> DIR, so that they are named "base/limits.h" or "sim/net/path.h" and
# never shadow a system header. SEES lists the folders below; a header of any other folder is a
# missing file, so a wrong dependency does not compile.
function(squall_layer name prefix)
    cmake_parse_arguments(arg "" "" "SEES;USES;SOURCES" ${ARGN})
    set(root ${CMAKE_BINARY_DIR}/include/${name})
    get_filename_component(parent ${prefix} DIRECTORY)
    file(MAKE_DIRECTORY ${root}/${parent})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${root}/${prefix} SYMBOLIC)
    if(NOT arg_SOURCES)
        file(GLOB arg_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
    endif()
    if(arg_SOURCES)
        add_library(${name} STATIC ${arg_SOURCES})
        set(reach PUBLIC)
        target_link_libraries(${name} PRIVATE squall-flags ${arg_USES})
    else()
        add_library(${name} INTERFACE)
        set(reach INTERFACE)
    endif()
    target_include_directories(${name} ${reach} ${root})
    target_link_libraries(${name} ${reach} ${arg_SEES})
endfunction()
