# What `cmake --install` puts where: programs, libraries, public headers, weights, modules for other programs, and the CMake
# package `laconic` (find_package(laconic), then link laconic::laconic for the C interface, laconic::codec for the C++ one, or
# laconic::media to read and write picture files).
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

# The C interface: liblaconic.so, <laconic.h>, laconic.pc. Exported apart, so that it can be used without what the others need.
set_target_properties(laconic_shared PROPERTIES EXPORT_NAME laconic)
install(TARGETS laconic_shared EXPORT laconic_shared_targets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT laconic_shared_targets NAMESPACE laconic:: FILE laconicSharedTargets.cmake DESTINATION ${laconic_package_dir})
install(FILES ${laconic_root}/codec/laconic.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
file(RELATIVE_PATH laconic_pc_to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" laconic_pc_to_prefix ${laconic_pc_to_prefix})
configure_file(${laconic_root}/apps/laconic.pc.in ${CMAKE_CURRENT_BINARY_DIR}/laconic.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/laconic.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

foreach(folder codec codec/base codec/media)
  file(GLOB laconic_headers ${laconic_root}/${folder}/*.h)
  if(folder STREQUAL codec/media)  # the rest of that folder is not public
    list(FILTER laconic_headers INCLUDE REGEX "/(image_file|byte_sink|film|film_reader|film_writer|film_frame_writer)\\.h$")
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

# Beside the program, where a Debian system looks for them.
install(FILES ${laconic_root}/apps/cli/laconic.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${laconic_root}/apps/cli/laconic.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME laconic)
install(FILES ${laconic_root}/apps/cli/_laconic DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${laconic_root}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

# Modules for other programs go where these look for them, below our prefix.
if(TARGET gstlaconic)
  pkg_get_variable(gstreamer_plugin_dir gstreamer-1.0 pluginsdir)
  pkg_get_variable(gstreamer_prefix gstreamer-1.0 prefix)
  file(RELATIVE_PATH gstreamer_plugin_dir ${gstreamer_prefix} ${gstreamer_plugin_dir})
  install(TARGETS gstlaconic gstlaconictypefind LIBRARY DESTINATION ${gstreamer_plugin_dir})
endif()
if(TARGET pixbufloader-laconic)
  install(TARGETS pixbufloader-laconic LIBRARY DESTINATION ${LACONIC_GDK_PIXBUF_MODULE_DIR})
  install(FILES ${laconic_root}/apps/plugin/gdk-pixbuf/laconic.thumbnailer DESTINATION ${CMAKE_INSTALL_DATADIR}/thumbnailers)
endif()
install(FILES ${laconic_root}/apps/plugin/gdk-pixbuf/laconic-mime.xml DESTINATION ${CMAKE_INSTALL_DATADIR}/mime/packages
  RENAME laconic.xml)

include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
