# LibTorch without its own CMake package, which stops with a fatal error on a machine that has no CUDA toolkit. Looks in
# ISOBATCH_TORCH (a prefix that holds lib/libtorch_cpu.so), then in .deps/python, where ci/install puts the wheel, then in
# ISOBATCH_TORCH_BUILT, which an installed package knows.
#
# Target: isobatch::libtorch (CPU).

file(GLOB _torch_wheels "${PROJECT_SOURCE_DIR}/.deps/python/lib/python3*/site-packages/torch")
find_path(ISOBATCH_TORCH NAMES lib/libtorch_cpu.so PATHS ${_torch_wheels} ${ISOBATCH_TORCH_BUILT} NO_DEFAULT_PATH
  DOC "Folder that holds LibTorch's lib/ and include/")

if(ISOBATCH_TORCH AND NOT TARGET isobatch::libtorch)
  set(ISOBATCH_TORCH_VERSION "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${ISOBATCH_TORCH}/include/torch/headeronly/version.h" line REGEX "define TORCH_VERSION_${part} ")
    string(REGEX REPLACE ".* ([0-9]+)$" "\\1" number "${line}")
    string(APPEND ISOBATCH_TORCH_VERSION ".${number}")
  endforeach()
  string(SUBSTRING "${ISOBATCH_TORCH_VERSION}" 1 -1 ISOBATCH_TORCH_VERSION)
  add_library(isobatch::libtorch INTERFACE IMPORTED GLOBAL)
  target_include_directories(isobatch::libtorch SYSTEM INTERFACE
    "${ISOBATCH_TORCH}/include" "${ISOBATCH_TORCH}/include/torch/csrc/api/include")
  target_compile_definitions(isobatch::libtorch INTERFACE USE_DISTRIBUTED USE_C10D_GLOO)  # as the wheel was built
  target_link_libraries(isobatch::libtorch INTERFACE "${ISOBATCH_TORCH}/lib/libtorch_cpu.so" "${ISOBATCH_TORCH}/lib/libc10.so")
  # The wheel's libraries find their own dependencies through their RPATH; allow-shlib-undefined keeps the linker from looking.
  target_link_options(isobatch::libtorch INTERFACE -Wl,--allow-shlib-undefined "-Wl,-rpath,${ISOBATCH_TORCH}/lib")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS ISOBATCH_TORCH VERSION_VAR ISOBATCH_TORCH_VERSION
  REASON_FAILURE_MESSAGE "run ci/install in isobatch, or pass -DISOBATCH_TORCH=FOLDER of an unpacked LibTorch")
