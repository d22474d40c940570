# With ISOBATCH_CUDA, the language of the kernels where there is a compiler for it: then ISOBATCH_HAS_NVCC is on. Included at the
# top, since a language that a subdirectory enables is unknown beside it.
set(ISOBATCH_HAS_NVCC OFF)
if(NOT ISOBATCH_CUDA)
  return()
endif()
find_program(ISOBATCH_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin)
if(NOT ISOBATCH_NVCC)
  message(WARNING "ISOBATCH_CUDA is on and there is no nvcc: nothing will run on a GPU. Install the CUDA toolkit, or set CUDA_HOME.")
  return()
endif()
if(NOT CMAKE_CUDA_COMPILER)
  set(CMAKE_CUDA_COMPILER ${ISOBATCH_NVCC})
endif()
if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)  # machine code for both, and PTX from which a driver makes that of newer ones
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know how to ask this nvcc for C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
endif()
set(ISOBATCH_HAS_NVCC ON)
