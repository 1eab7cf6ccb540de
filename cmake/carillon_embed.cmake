# carillon_embed(<target> NAMESPACE <ns> HEADER <path below generated/> FILES <files>...)
# turns text files into C++: one `inline constexpr EmbeddedText <name>{"<name>", "<text>"}` a file, and `kAll`, an array of them.
# The name is the file's name without its last extension, with every other character made `_` (`0001_init.up.sql` -> _0001_init_up).
# They all are the target carillon_generated, for who reads the sources without compiling them (scripts/lint).
add_custom_target(carillon_generated)
function(carillon_embed target)
  cmake_parse_arguments(arg "" "NAMESPACE;HEADER" "FILES" ${ARGN})
  set(out ${PROJECT_BINARY_DIR}/generated/${arg_HEADER})
  string(REPLACE ";" "\n" listing "${arg_FILES}")
  string(MD5 key ${arg_HEADER})
  set(list_file ${PROJECT_BINARY_DIR}/embed_${key}.txt)
  file(GENERATE OUTPUT ${list_file} CONTENT "${listing}\n")
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DLIST=${list_file} -DNAMESPACE=${arg_NAMESPACE}
            -P ${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake
    DEPENDS ${arg_FILES} ${list_file} ${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
  add_custom_target(${target}_generated_${key} DEPENDS ${out})
  add_dependencies(carillon_generated ${target}_generated_${key})
endfunction()
