# What a project that uses isobatch writes. A ctest entry fails when a split diverges (1), a trial crashes (3), or nothing in it
# could have failed (4: change the data, or name the claim in ALLOW_UNTESTED); its report is an attached file.

function(_isobatch_add_entry name)
  cmake_parse_arguments(ARG "" "PROCESSORS" "LABELS;WORDS;COMMAND;ALLOW_UNTESTED" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/isobatch/${name})
  foreach(claim ${ARG_ALLOW_UNTESTED})
    list(APPEND ARG_WORDS --allow-untested ${claim})
  endforeach()
  if(ARG_COMMAND)
    list(PREPEND ARG_COMMAND --)
  endif()
  add_test(NAME ${name} COMMAND isobatch::isobatch ${ARG_WORDS} --out ${out} ${ARG_COMMAND})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 SKIP_RETURN_CODE 77 PROCESSORS ${ARG_PROCESSORS}
    ATTACHED_FILES ${out}/index.html LABELS "${ARG_LABELS}")
endfunction()

# isobatch_add_cases(TARGET SOURCES file… CASES name… EFFECTIVE n [ENGINES serial gloo] [RECIPES fp64 …] [MAX_DEVICES 4]
#   [LABELS label…] [ALLOW_UNTESTED claim…] [OPTIONS word…]): a worker that holds the cases which the sources register with
# ISOBATCH_CASE, and one entry TARGET.CASE.ENGINE.RECIPE for each of them: every split of the effective batch.
function(isobatch_add_cases target)
  cmake_parse_arguments(ARG "" "EFFECTIVE;MAX_DEVICES" "SOURCES;CASES;ENGINES;RECIPES;LABELS;ALLOW_UNTESTED;OPTIONS" ${ARGN})
  if(NOT ARG_SOURCES OR NOT ARG_CASES OR NOT ARG_EFFECTIVE OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "isobatch_add_cases(${target}): give SOURCES, CASES and EFFECTIVE; unknown: '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  if(NOT TARGET isobatch::run_main)
    message(FATAL_ERROR "isobatch_add_cases(${target}): ask for find_package(isobatch COMPONENTS run)")
  endif()
  foreach(default "ENGINES;serial" "RECIPES;fp64" "MAX_DEVICES;4")
    list(POP_FRONT default key)
    if(NOT ARG_${key})
      set(ARG_${key} ${default})
    endif()
  endforeach()
  add_executable(${target} ${ARG_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PRIVATE isobatch::run_main)
  foreach(case ${ARG_CASES})
    foreach(engine ${ARG_ENGINES})
      foreach(recipe ${ARG_RECIPES})
        set(processors 1)
        if(engine MATCHES "^(gloo|nccl)")
          set(processors ${ARG_MAX_DEVICES})  # a process a device
        endif()
        _isobatch_add_entry(${target}.${case}.${engine}.${recipe} PROCESSORS ${processors}
          LABELS ${ARG_LABELS} ALLOW_UNTESTED ${ARG_ALLOW_UNTESTED}
          WORDS check ${case} --runner $<TARGET_FILE:${target}> --effective ${ARG_EFFECTIVE} --max-devices ${ARG_MAX_DEVICES}
            --engine ${engine} --recipe ${recipe} ${ARG_OPTIONS})
      endforeach()
    endforeach()
  endforeach()
endfunction()

# isobatch_add_trainer(NAME SPLITS b×a×d… COMMAND word… [LABELS label…] [ALLOW_UNTESTED claim…]): tries a trainer in any language,
# a Python script on torch or a program that includes trace_writer.h. {per_device}, {accum}, {devices} and {effective} stand in
# its words; the first split is the reference.
function(isobatch_add_trainer name)
  cmake_parse_arguments(ARG "" "" "SPLITS;COMMAND;LABELS;ALLOW_UNTESTED" ${ARGN})
  if(NOT ARG_SPLITS OR NOT ARG_COMMAND OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "isobatch_add_trainer(${name}): give SPLITS and COMMAND; unknown: '${ARG_UNPARSED_ARGUMENTS}'")
  endif()
  list(JOIN ARG_SPLITS "," splits)
  _isobatch_add_entry(${name} PROCESSORS 1 LABELS ${ARG_LABELS} ALLOW_UNTESTED ${ARG_ALLOW_UNTESTED}
    WORDS try --splits ${splits} COMMAND ${ARG_COMMAND})
endfunction()
