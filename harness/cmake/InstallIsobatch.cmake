# What `cmake --install build/release --prefix DIR` leaves: the programs, the recorder, and a CMake package with two components,
# core (programs and isobatch_add_trainer) and run (the layers, for cases in C++). DIR may be moved.
include(CMakePackageConfigHelpers)
set(isobatch_package lib/cmake/isobatch)

# isobatch_export(SET target…): each isobatch_NAME is isobatch::NAME to whoever finds the package.
function(isobatch_export set)
  foreach(target ${ARGN})
    string(REPLACE isobatch_ "" name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  endforeach()
  install(TARGETS ${ARGN} EXPORT ${set} RUNTIME DESTINATION bin ARCHIVE DESTINATION lib)
  install(EXPORT ${set} NAMESPACE isobatch:: DESTINATION ${isobatch_package})
endfunction()

install(DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/recorder DESTINATION bin)
install(FILES harness/recorder/trace_writer.h DESTINATION include/isobatch)

# For a trainer that writes its own trace.
add_library(isobatch_trace_writer INTERFACE)
target_include_directories(isobatch_trace_writer INTERFACE $<INSTALL_INTERFACE:include/isobatch>)
isobatch_export(isobatch_core isobatch isobatch_trace_writer)
if(ISOBATCH_TRAINING)
  isobatch_export(isobatch_run isobatch_base isobatch_plan isobatch_trace isobatch_judge isobatch_measure isobatch_diagnose
    isobatch_supervise isobatch_run isobatch_faults isobatch_run_main)
  install(TARGETS isobatch-run RUNTIME DESTINATION bin)
  if(TARGET isobatch_nccl)
    install(TARGETS isobatch_nccl LIBRARY DESTINATION lib)
  endif()
  install(DIRECTORY harness/base harness/plan harness/trace harness/judge harness/measure harness/diagnose harness/supervise
    harness/run DESTINATION include/isobatch FILES_MATCHING PATTERN "*.h")
endif()
configure_package_config_file(harness/cmake/isobatchConfig.cmake.in ${PROJECT_BINARY_DIR}/isobatchConfig.cmake
  INSTALL_DESTINATION ${isobatch_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/isobatchConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/isobatchConfig.cmake ${PROJECT_BINARY_DIR}/isobatchConfigVersion.cmake
  harness/cmake/IsobatchTests.cmake harness/cmake/FindLibTorch.cmake DESTINATION ${isobatch_package})
