# How every folder of Carillon is compiled: the language, the warnings, ccache, the precompiled header and
# two functions, carillon_library and carillon_test. Presets (CMakePresets.json) choose among the options.

option(CARILLON_TESTS "build the tests" ON)
# g++ warns at -O2 and with -fsanitize of what is not there, and users' compilers know warnings that ours does not: a
# build for use or under sanitizers only shows them.
option(CARILLON_STRICT "warnings are errors" ON)
option(CARILLON_PCH "use the precompiled header (lint builds without, so that missing includes show)" ON)
option(CARILLON_UNITY "compile the files of a folder in batches (docs/adr/0055-unity-builds.md)" ON)
option(CARILLON_COVERAGE "instrument for line coverage" OFF)
option(CARILLON_FUZZ "build the fuzzers of tests/fuzz (needs clang)" OFF)
set(CARILLON_SANITIZE "" CACHE STRING "sanitizers to build with, as -fsanitize takes them")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_UNITY_BUILD ${CARILLON_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 16 CACHE STRING "files in a batch")
find_package(Threads REQUIRED)

find_program(CCACHE ccache)
if(CCACHE)
  # A precompiled header is only cached under these sloppiness settings (ccache manual, "Precompiled headers");
  # base_dir lets two checkouts of one parent folder share what they compiled.
  cmake_path(GET PROJECT_SOURCE_DIR PARENT_PATH carillon_parent)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${carillon_parent} CCACHE_NOHASHDIR=1 ${CCACHE})
endif()

add_library(carillon_flags INTERFACE)
target_include_directories(carillon_flags INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_options(carillon_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
if(CARILLON_STRICT)
  target_compile_options(carillon_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(carillon_flags INTERFACE -fpch-preprocess)
  if(CARILLON_UNITY)
    # It warns of what other files could see of a header, and takes the files of a batch for headers.
    target_compile_options(carillon_flags INTERFACE -Wno-subobject-linkage)
  endif()
endif()
target_link_libraries(carillon_flags INTERFACE Threads::Threads)
if(CARILLON_SANITIZE)
  target_compile_options(carillon_flags INTERFACE -fsanitize=${CARILLON_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(carillon_flags INTERFACE -fsanitize=${CARILLON_SANITIZE})
endif()
if(CARILLON_FUZZ)
  target_compile_options(carillon_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CARILLON_COVERAGE)
  target_compile_options(carillon_flags INTERFACE --coverage -fprofile-update=atomic)
  target_link_options(carillon_flags INTERFACE --coverage)
endif()

# carillon_pkg(<pkg-config module>...): an imported target PkgConfig::<module> for each, made once.
function(carillon_pkg)
  find_package(PkgConfig REQUIRED)
  foreach(module IN LISTS ARGN)
    if(NOT TARGET PkgConfig::${module})
      pkg_check_modules(${module} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    endif()
  endforeach()
endfunction()

# carillon_library(<name> USES <folders' libraries>... LINKS <third-party targets>...)
# makes the library of this folder and everything below it; third-party targets stay private to its .cc files.
function(carillon_library name)
  cmake_parse_arguments(arg "" "" "USES;LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/precompiled\\.cc$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE carillon_flags ${arg_USES})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC carillon_flags ${arg_USES} PRIVATE ${arg_LINKS})
  carillon_precompiled(${name})
endfunction()

# carillon_test(<name> USES ... LINKS ...): one test program of all *_test.cc below this folder; one ctest case each program.
function(carillon_test name)
  cmake_parse_arguments(arg "" "" "USES;LINKS" ${ARGN})
  find_package(Catch2 2 REQUIRED)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE carillon_flags ${arg_USES} ${arg_LINKS} Catch2::Catch2WithMain)
  carillon_precompiled(${name})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
endfunction()

function(carillon_precompiled name)
  if(CARILLON_PCH)
    target_precompile_headers(${name} REUSE_FROM carillon_pch)
  endif()
endfunction()
