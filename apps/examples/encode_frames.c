/* Draws 30 frames of a film, encodes and decodes them, and says how many bytes it took and how near they came:  encode_frames
 *
 * There is no file and no container here: each frame becomes a packet, each packet a frame. */
#include <laconic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 192, HEIGHT = 128, NUM_FRAMES = 30 };

static void check(laconic_status status, const laconic_error* error) {
  if (status == LACONIC_OK) return;
  fprintf(stderr, "encode_frames: %s\n", error->message);
  exit(1);
}

/* Luma of frame t: a bright disc that crosses a slope. */
static void draw_luma(uint8_t luma[HEIGHT][WIDTH], int t) {
  for (int y = 0; y < HEIGHT; ++y) {
    for (int x = 0; x < WIDTH; ++x) {
      const double distance = hypot(x - (30 + 4 * t), y - 64);
      luma[y][x] = (uint8_t)(distance < 20 ? 200 : 60 + x / 4);
    }
  }
}

int main(void) {
  static uint8_t luma[HEIGHT][WIDTH], cb[HEIGHT / 2][WIDTH / 2], cr[HEIGHT / 2][WIDTH / 2];
  for (int y = 0; y < HEIGHT / 2; ++y) {
    for (int x = 0; x < WIDTH / 2; ++x) {
      cb[y][x] = (uint8_t)(118 + y / 4);
      cr[y][x] = 134;
    }
  }
  const void* const planes[3] = {luma, cb, cr};
  const size_t stride_bytes[3] = {WIDTH, WIDTH / 2, WIDTH / 2};
  const laconic_video_format format = {.width_px = WIDTH, .height_px = HEIGHT, .chroma = 420, .bit_depth = 8,
                                       .primaries = 2, .transfer = 2, .matrix = 2, .is_full_range = 0};

  laconic_error error;
  laconic_models* models = NULL;
  laconic_video_model* model = NULL;
  laconic_video_encoder* encoder = NULL;
  check(laconic_models_open(NULL, NULL, &models, &error), &error);
  check(laconic_models_video(models, NULL, NULL, &model, &error), &error); /* the weights that encode by default */
  check(laconic_video_encoder_create(model, &format, &encoder, &error), &error);
  check(laconic_video_encoder_set_quality(encoder, 60, &error), &error);

  /* What a container keeps once for the stream. It names the weights: another program asks for them by laconic_video_info(). */
  const uint8_t* header = NULL;
  size_t header_size = 0;
  laconic_video_decoder* decoder = NULL;
  check(laconic_video_encoder_header(encoder, &header, &header_size, &error), &error);
  check(laconic_video_decoder_create(model, header, header_size, &decoder, &error), &error);

  size_t num_bytes = header_size;
  int num_key_frames = 0;
  double squared_error = 0;
  for (int t = 0; t < NUM_FRAMES; ++t) {
    draw_luma(luma, t);
    laconic_packet* packet = NULL;
    check(laconic_video_encoder_encode(encoder, planes, stride_bytes, t, 1, 0, &packet, &error), &error);
    num_bytes += laconic_packet_size(packet);
    num_key_frames += laconic_packet_is_key(packet);

    laconic_video_frame* frame = NULL;
    check(laconic_video_decoder_decode(decoder, laconic_packet_bytes(packet), laconic_packet_size(packet),
                                       laconic_packet_pts(packet), laconic_packet_duration(packet), &frame, &error), &error);
    const uint8_t* const decoded = laconic_video_frame_plane(frame, 0);
    const size_t stride = laconic_video_frame_stride(frame, 0);
    for (int y = 0; y < HEIGHT; ++y) {
      for (int x = 0; x < WIDTH; ++x) {
        const double difference = (double)decoded[(size_t)y * stride + (size_t)x] - luma[y][x];
        squared_error += difference * difference;
      }
    }
    laconic_video_frame_free(frame);
    laconic_packet_free(packet);
  }
  const double mean = squared_error / ((double)WIDTH * HEIGHT * NUM_FRAMES);
  printf("%d frames of %d x %d, %d of them key frames: %zu bytes, luma PSNR %.1f dB\n", NUM_FRAMES, WIDTH, HEIGHT, num_key_frames,
         num_bytes, 10 * log10(255 * 255 / mean));

  laconic_video_decoder_free(decoder);
  laconic_video_encoder_free(encoder);
  laconic_video_model_free(model);
  laconic_models_free(models);
  return 0;
}
