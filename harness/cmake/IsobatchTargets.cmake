# How targets are made here: warnings are errors for our own code, everything else is a usage requirement.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(ISOBATCH_SANITIZE "Address and undefined-behaviour sanitizers, on everything that links no LibTorch" OFF)

find_program(ISOBATCH_CCACHE ccache)
if(ISOBATCH_CCACHE)
  # Without the sloppiness ccache gives up on files that use a precompiled header. With the base folder, one preset finds what
  # another, or another clone, has compiled with the same options: the tests of `release` and `asan` are the same objects.
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${ISOBATCH_CCACHE})
endif()
find_program(ISOBATCH_MOLD mold)

add_library(isobatch_strict INTERFACE)
target_compile_options(isobatch_strict INTERFACE -Wall -Wextra -Werror -Wshadow -Wnon-virtual-dtor -Wno-missing-field-initializers)
target_include_directories(isobatch_strict INTERFACE ${PROJECT_SOURCE_DIR}/harness ${PROJECT_SOURCE_DIR})
if(ISOBATCH_MOLD)
  target_link_options(isobatch_strict INTERFACE -fuse-ld=mold)
endif()

# The layers are sanitized. What only calls them (a test, a main) is not: it is then the same object as in `release`, which
# ccache has, and sanitizing triples a compile time. -Og: -O1 inlines so much that it takes twice as long.
add_library(isobatch_sanitized INTERFACE)
if(ISOBATCH_SANITIZE)
  target_compile_options(isobatch_sanitized INTERFACE
    -Og -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(isobatch_strict INTERFACE -fsanitize=address,undefined)
endif()

# What nearly every file includes, parsed once; targets without code carry it. -fpch-preprocess, or ccache cannot tell what such
# a file includes.
set(isobatch_no_code ${PROJECT_BINARY_DIR}/no_code.cpp)
file(CONFIGURE OUTPUT ${isobatch_no_code} CONTENT "")
set(isobatch_core_header_list
  <fmt/format.h> <nlohmann/json.hpp> <algorithm> <filesystem> <functional> <map> <optional> <set> <string> <variant> <vector>)
add_library(isobatch_core_headers OBJECT ${isobatch_no_code})
target_link_libraries(isobatch_core_headers PRIVATE isobatch_strict isobatch_sanitized fmt::fmt-header-only)
target_compile_options(isobatch_core_headers PRIVATE -fpch-preprocess)
target_precompile_headers(isobatch_core_headers PRIVATE ${isobatch_core_header_list})

# isobatch_precompiled(TARGET core|torch|test): lets a target reuse the headers that isobatch_<set>_headers carries.
function(isobatch_precompiled target set)
  target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:isobatch_${set}_headers,COMPILE_OPTIONS>)  # or they are refused
  target_precompile_headers(${target} REUSE_FROM isobatch_${set}_headers)
endfunction()

# isobatch_compile_with(TARGET library…): what the libraries say about compiling, and nothing of them in what the target exports: who
# links a layer does not see how it was compiled.
function(isobatch_compile_with target)
  foreach(library ${ARGN})
    target_compile_options(${target} PRIVATE $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_OPTIONS>)
    target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:${library},INTERFACE_COMPILE_DEFINITIONS>)
    target_include_directories(${target} SYSTEM PRIVATE $<TARGET_PROPERTY:${library},INTERFACE_SYSTEM_INCLUDE_DIRECTORIES>)
  endforeach()
endfunction()

# isobatch_add_layer(NAME SOURCES … DEPENDS layer… [HEADERS set]): a static library isobatch_NAME with the alias isobatch::NAME.
# A layer sees only what it depends on; ci/lint holds the #include lines to the same table.
function(isobatch_add_layer name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(isobatch_${name} STATIC ${ARG_SOURCES})
  add_library(isobatch::${name} ALIAS isobatch_${name})
  list(TRANSFORM ARG_DEPENDS PREPEND isobatch::)
  target_link_libraries(isobatch_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_LIBRARIES})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS core)
  endif()
  isobatch_precompiled(isobatch_${name} ${ARG_HEADERS})
  isobatch_compile_with(isobatch_${name} isobatch_strict isobatch_sanitized fmt::fmt-header-only)
  target_include_directories(isobatch_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/harness> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/isobatch>)
endfunction()
