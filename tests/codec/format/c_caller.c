/* A C99 caller: laconic.h must compile as C, and the way shown at its top must work. */
#include <string.h>

#include "codec/laconic.h"

/* There and back; 0 if all is well, else the number of the step that failed. */
int c_round_trip(void) {
  unsigned char pixels[2 * 8];
  const uint8_t exif[3] = {7, 8, 9};
  laconic_error error;
  laconic_model* model = NULL;
  laconic_encoder* encoder = NULL;
  laconic_decoder* decoder = NULL;
  laconic_image* image = NULL;
  laconic_image* decoded = NULL;
  laconic_buffer* stream = NULL;
  laconic_info* info = NULL;
  size_t size = 0;
  int i;

  for (i = 0; i < 16; ++i) pixels[i] = (unsigned char)(100 + i);
  if (laconic_model_load("weights", NULL, &model, &error) != LACONIC_OK) return 1;
  if (error.code != LACONIC_OK || error.message[0] != '\0') return 2;
  if (laconic_encoder_create(model, &encoder, &error) != LACONIC_OK) return 3;
  if (laconic_decoder_create(model, &decoder, &error) != LACONIC_OK) return 4;
  if (strcmp(laconic_model_id(model), "123456789abcdef0") != 0) return 5;
  laconic_model_free(model); /* encoder and decoder keep the weights */

  /* 2 x 2 RGB, rows 8 bytes apart */
  if (laconic_image_from_pixels(pixels, 2, 2, 3, 8, 8, &image, &error) != LACONIC_OK) return 6;
  if (laconic_image_set_metadata(image, LACONIC_METADATA_EXIF, exif, 3, &error) != LACONIC_OK) return 7;
  if (laconic_encoder_set_quality(encoder, 50.0f, &error) != LACONIC_OK) return 8;
  if (laconic_encoder_encode(encoder, image, &stream, &error) != LACONIC_OK) return 9;

  if (laconic_info_read(laconic_buffer_bytes(stream), laconic_buffer_size(stream), &info, &error) != LACONIC_OK)
    return 10;
  if (laconic_info_get(info, LACONIC_INFO_WIDTH) != 2 || laconic_info_get(info, LACONIC_INFO_CHANNELS) != 3) return 11;
  if (laconic_info_quality(info) != 50.0) return 12;
  if (strcmp(laconic_info_model_id(info), "123456789abcdef0") != 0) return 13;
  if (laconic_info_get(info, LACONIC_INFO_STREAM_BYTES) != laconic_buffer_size(stream)) return 14;

  if (laconic_decoder_decode(decoder, laconic_buffer_bytes(stream), laconic_buffer_size(stream), &decoded, &error) !=
      LACONIC_OK) {
    return 15;
  }
  laconic_buffer_free(stream);
  if (laconic_image_width(decoded) != 2 || laconic_image_height(decoded) != 2) return 16;
  if (laconic_image_channels(decoded) != 3 || laconic_image_bit_depth(decoded) != 8) return 17;
  if (laconic_image_stride(decoded) != 6) return 18;
  if (memcmp(laconic_image_pixels(decoded), pixels, 6) != 0) return 19;
  if (memcmp((const unsigned char*)laconic_image_pixels(decoded) + 6, pixels + 8, 6) != 0) return 20;
  if (memcmp(laconic_image_metadata(decoded, LACONIC_METADATA_EXIF, &size), exif, 3) != 0 || size != 3) return 21;
  if (laconic_image_metadata(decoded, LACONIC_METADATA_XMP, &size) != NULL || size != 0) return 22;

  laconic_info_free(info);
  laconic_image_free(decoded);
  laconic_image_free(image);
  laconic_decoder_free(decoder);
  laconic_encoder_free(encoder);
  return 0;
}
