# What `cmake --install build/release --prefix DIR` leaves: the programs, the recorder, and a CMake package with three components,
# core (programs and isobatch_add_trainer), run (the layers, for cases in C++) and cuda (the kernels). DIR may be moved. The build
# tree is such a package too: -Disobatch_DIR=build/release.
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
  export(EXPORT ${set} NAMESPACE isobatch:: FILE ${PROJECT_BINARY_DIR}/${set}.cmake)
endfunction()

install(DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY}/recorder DESTINATION bin)
install(FILES harness/recorder/trace_writer.h DESTINATION include/isobatch)

# For a trainer that writes its own trace.
add_library(isobatch_trace_writer INTERFACE)
target_include_directories(isobatch_trace_writer INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/harness/recorder> $<INSTALL_INTERFACE:include/isobatch>)
isobatch_export(isobatch_core isobatch isobatch_trace_writer)
isobatch_export(isobatch_base isobatch_base)
isobatch_export(isobatch_cuda isobatch_cuda)
install(DIRECTORY harness/base harness/cuda DESTINATION include/isobatch FILES_MATCHING PATTERN "*.h")
if(ISOBATCH_TRAINING)
  isobatch_export(isobatch_run isobatch_plan isobatch_trace isobatch_judge isobatch_measure isobatch_diagnose
    isobatch_supervise isobatch_run isobatch_faults isobatch_run_main)
  install(TARGETS isobatch-run RUNTIME DESTINATION bin)
  if(TARGET isobatch_nccl)
    install(TARGETS isobatch_nccl LIBRARY DESTINATION lib)
  endif()
  install(DIRECTORY harness/plan harness/trace harness/judge harness/measure harness/diagnose harness/supervise
    harness/run DESTINATION include/isobatch FILES_MATCHING PATTERN "*.h")
endif()
configure_package_config_file(harness/cmake/isobatchConfig.cmake.in ${PROJECT_BINARY_DIR}/isobatchConfig.cmake
  INSTALL_DESTINATION ${isobatch_package})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/isobatchConfigVersion.cmake COMPATIBILITY SameMinorVersion)
foreach(module IsobatchTests FindLibTorch)
  configure_file(harness/cmake/${module}.cmake ${PROJECT_BINARY_DIR}/${module}.cmake COPYONLY)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/isobatchConfig.cmake ${PROJECT_BINARY_DIR}/isobatchConfigVersion.cmake
  harness/cmake/IsobatchTests.cmake harness/cmake/FindLibTorch.cmake DESTINATION ${isobatch_package})
