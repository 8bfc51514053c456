/* A .lac picture to a PPM that any viewer opens:  decode_picture picture.lac picture.ppm
 *
 * The picture goes through memory: what you get is pixels, to show or to work on. */
#include <laconic.h>
#include <stdio.h>
#include <stdlib.h>

static void check(laconic_status status, const laconic_error* error) {
  if (status == LACONIC_OK) return;
  fprintf(stderr, "decode_picture: %s\n", error->message);
  exit(1);
}

/* The whole file; *size receives its bytes. NULL if it cannot be read. The caller frees it. */
static uint8_t* read_file(const char* path, size_t* size) {
  uint8_t* bytes = NULL;
  long end = 0;
  FILE* file = fopen(path, "rb");
  if (file == NULL) return NULL;
  if (fseek(file, 0, SEEK_END) == 0 && (end = ftell(file)) > 0) {
    rewind(file);
    *size = (size_t)end;
    bytes = malloc(*size);
    if (bytes != NULL && fread(bytes, 1, *size, file) != *size) {
      free(bytes);
      bytes = NULL;
    }
  }
  fclose(file);
  return bytes;
}

/* PPM has three channels, the most significant byte first: grey is repeated, alpha left out. */
static int write_ppm(const char* path, const laconic_image* image) {
  const int width = laconic_image_width(image), height = laconic_image_height(image);
  const int num_channels = laconic_image_channels(image), is_16_bit = laconic_image_bit_depth(image) == 16;
  FILE* file = fopen(path, "wb");
  if (file == NULL) return 0;
  fprintf(file, "P6\n%d %d\n%d\n", width, height, is_16_bit ? 65535 : 255);
  for (size_t i = 0; i < (size_t)width * (size_t)height; ++i) {
    for (int c = 0; c < 3; ++c) {
      const size_t at = i * (size_t)num_channels + (size_t)(num_channels >= 3 ? c : 0);
      if (is_16_bit) {
        const uint16_t sample = ((const uint16_t*)laconic_image_pixels(image))[at];
        fputc(sample >> 8, file);
        fputc(sample & 255, file);
      } else {
        fputc(((const uint8_t*)laconic_image_pixels(image))[at], file);
      }
    }
  }
  const int is_written = !ferror(file);
  return fclose(file) == 0 && is_written;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: decode_picture IN.lac OUT.ppm\n");
    return 1;
  }
  size_t size = 0;
  uint8_t* const bytes = read_file(argv[1], &size);
  if (bytes == NULL) {
    fprintf(stderr, "decode_picture: cannot read %s\n", argv[1]);
    return 1;
  }

  /* The stream names the weights it needs; they are looked for among those installed. */
  laconic_error error;
  laconic_info* info = NULL;
  laconic_models* models = NULL;
  laconic_model* model = NULL;
  check(laconic_info_read(bytes, size, &info, &error), &error);
  check(laconic_models_open(NULL, NULL, &models, &error), &error);
  check(laconic_models_image(models, laconic_info_model_id(info), &model, &error), &error);

  laconic_decoder* decoder = NULL;
  laconic_image* image = NULL;
  check(laconic_decoder_create(model, &decoder, &error), &error);
  check(laconic_decoder_decode(decoder, bytes, size, &image, &error), &error);
  printf("%d x %d pixels, %d channels, quality %.0f, %zu bytes\n", laconic_image_width(image), laconic_image_height(image),
         laconic_image_channels(image), laconic_info_quality(info), size);
  const int is_written = write_ppm(argv[2], image);
  if (!is_written) fprintf(stderr, "decode_picture: cannot write %s\n", argv[2]);

  laconic_image_free(image);
  laconic_decoder_free(decoder);
  laconic_model_free(model);
  laconic_models_free(models);
  laconic_info_free(info);
  free(bytes);
  return is_written ? 0 : 1;
}
