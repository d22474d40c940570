# What c10d's NCCL backend is compiled with: the headers of CUDA and of NCCL, of LibTorch's own wheel where it brought them, else
# of the toolkit. Nothing of either is linked: LibTorch's part for CUDA has it. Target: isobatch_nccl_headers.
file(GLOB _nvidia "${ISOBATCH_TORCH}/../nvidia/*/include")
find_path(ISOBATCH_CUDA_HEADERS cusolverDn.h HINTS ${_nvidia} ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES include)
find_path(ISOBATCH_NCCL_HEADERS nccl.h HINTS ${_nvidia} ENV NCCL_HOME ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES include)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nccl REQUIRED_VARS ISOBATCH_CUDA_HEADERS ISOBATCH_NCCL_HEADERS
  REASON_FAILURE_MESSAGE "--engine nccl will be refused: ci/install brings the headers with LibTorch")
if(Nccl_FOUND)
  add_library(isobatch_nccl_headers INTERFACE)
  target_include_directories(isobatch_nccl_headers SYSTEM INTERFACE ${ISOBATCH_CUDA_HEADERS} ${ISOBATCH_NCCL_HEADERS})
endif()
