# What `cmake --install` puts where: programs, libraries, public headers, weights, and the CMake package `laconic`
# (find_package(laconic), then link laconic::codec, or laconic::media to read and write picture files).
if(LACONIC_ONLY_TRAIN)
  return()
endif()
include(CMakePackageConfigHelpers)
get_filename_component(laconic_root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
set(laconic_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/laconic)

# Users of the package include "codec/image_codec.h" as we do; our warnings stay ours.
target_include_directories(laconic_options INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/laconic>)
get_target_property(laconic_compile_options laconic_options INTERFACE_COMPILE_OPTIONS)
list(TRANSFORM laconic_compile_options REPLACE "(.+)" "$<BUILD_INTERFACE:\\1>")
set_target_properties(laconic_options PROPERTIES INTERFACE_COMPILE_OPTIONS "${laconic_compile_options}")

foreach(part options base entropy models format codec media metrics)
  if(TARGET laconic_${part})
    set_target_properties(laconic_${part} PROPERTIES EXPORT_NAME ${part})
    install(TARGETS laconic_${part} EXPORT laconic_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  endif()
endforeach()
foreach(program laconic laconic-pack laconic-train)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()
install(EXPORT laconic_targets NAMESPACE laconic:: FILE laconicTargets.cmake DESTINATION ${laconic_package_dir})

foreach(folder codec codec/base codec/media)
  file(GLOB laconic_headers ${laconic_root}/${folder}/*.h)
  if(folder STREQUAL codec/media)  # the rest of that folder is not public
    list(FILTER laconic_headers INCLUDE REGEX "/(image_file|film|film_reader|film_writer|film_frame_writer)\\.h$")
  endif()
  install(FILES ${laconic_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/laconic/${folder})
endforeach()
install(DIRECTORY ${laconic_root}/data/weights/ DESTINATION ${CMAKE_INSTALL_DATADIR}/laconic/weights
  FILES_MATCHING PATTERN "*.safetensors" PATTERN manifest.json)

configure_package_config_file(${laconic_root}/apps/laconicConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/laconicConfig.cmake
  INSTALL_DESTINATION ${laconic_package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/laconicConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/laconicConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/laconicConfigVersion.cmake
  DESTINATION ${laconic_package_dir})
