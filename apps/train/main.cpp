// laconic-train: trains the image or the video network, measures pictures on real bytes and writes weights files.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "apps/train/ablation.h"
#include "apps/train/audio_task.h"
#include "apps/train/image_task.h"
#include "apps/train/table_counts.h"
#include "apps/train/trainer.h"
#include "apps/train/validation.h"
#include "apps/train/video_task.h"

namespace {

using namespace laconic;
using namespace laconic::train;

constexpr const char* kHelp =
    "Usage: laconic-train --config FILE --data DIR --out DIR [options]\n"
    "\n"
    "Trains the image network on shards made by laconic-pack, or, if the configuration has a video_network, the loop filter of\n"
    "films on clips (.y4m files: ffmpeg -i clip.mp4 -pix_fmt yuv420p clip.y4m).\n"
    "  --config FILE    network, data order and schedule (apps/train/configs)\n"
    "  --data DIR       folder of training shards or clips\n"
    "  --image FILE     films: weights of the image model, which stay as they are\n"
    "  --val DIR        folder of validation shards: bytes and PSNR of whole .lac files, at intervals\n"
    "  --out DIR        gets checkpoint.pt, log.csv, validation.csv and image.safetensors or video.safetensors\n"
    "  --resume         go on from DIR/checkpoint.pt if it is there (same data order, same curve)\n"
    "  --from FILE      start from a weights file instead of from principal components\n"
    "  --minutes N      stop after N minutes, with a checkpoint and weights\n"
    "  --fit-minutes N  the same, with the schedule spread over these minutes instead of over the configuration's steps\n"
    "  --ablate         print the rate with each reference switched off, for the checkpoint (or --from), and stop\n"
    "  --export-only    write the weights of the checkpoint, measure them and stop\n"
    "  --val-pictures N use only every (count/N)th validation picture at intervals (default 6; the end uses all)\n"
    "  --device NAME    cpu (default) or cuda\n"
    "  --note TEXT      kept in the weights' training record (hardware, data)\n"
    "Ctrl-C stops with a checkpoint. Exit codes: 0 done, 1 usage, 2 failed.\n";

struct Options {
  std::string config, val_dir, note;
  TrainerOptions trainer;
  int val_pictures = 6;
  bool export_only = false;
  bool ablate = false;
};

// Fills options; returns the exit code of a program that should stop now, or -1.
int parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--help" || name == "-h") return std::fputs(kHelp, stdout), 0;
    if (name == "--resume") { options.trainer.resume = true; continue; }
    if (name == "--export-only") { options.export_only = options.trainer.resume = true; continue; }
    if (name == "--ablate") { options.ablate = options.trainer.resume = true; continue; }
    std::string* text = name == "--config"   ? &options.config
                        : name == "--data"   ? &options.trainer.data_dir
                        : name == "--val"    ? &options.val_dir
                        : name == "--out"    ? &options.trainer.out_dir
                        : name == "--from"   ? &options.trainer.from_weights
                        : name == "--image"  ? &options.trainer.image_weights
                        : name == "--device" ? &options.trainer.device
                        : name == "--note"   ? &options.note
                                             : nullptr;
    const bool is_number = name == "--minutes" || name == "--fit-minutes" || name == "--val-pictures";
    if ((!text && !is_number) || i + 1 == argc) {
      std::fprintf(stderr, "laconic-train: unknown option or missing value: %s (see --help)\n", name.c_str());
      return 1;
    }
    const char* value = argv[++i];
    if (text) *text = value;
    else if (name == "--val-pictures") options.val_pictures = std::max(1, std::atoi(value));
    else options.trainer.max_minutes = std::atof(value), options.trainer.fits_minutes = name == "--fit-minutes";
  }
  if (options.config.empty() || options.trainer.data_dir.empty() || options.trainer.out_dir.empty()) {
    std::fputs(kHelp, stderr);
    return 1;
  }
  return -1;
}

std::vector<Picture> every_nth(const std::vector<Picture>& pictures, int count) {
  std::vector<Picture> chosen;
  const size_t stride = std::max<size_t>(1, pictures.size() / static_cast<size_t>(count));
  for (size_t i = 0; i < pictures.size(); i += stride) chosen.push_back(pictures[i]);
  return chosen;
}

std::string make_record(const Trainer& trainer, const Options& options, const char* samples, size_t num_samples) {
  nlohmann::json record;
  record["steps"] = trainer.step();
  record["training"] = nlohmann::json::parse(train_config_to_json(trainer.config()));
  record[samples] = num_samples;
  record["note"] = options.note;
  record["torch"] = TORCH_VERSION;
  return record.dump();
}

// Exports the network as it is now and measures it.
Status export_and_measure(Trainer& trainer, ImageTask& task, const Options& options, const std::vector<Picture>& pictures, bool is_final) {
  CountOptions count;
  if (!is_final) count.samples_per_anchor = 6;
  const std::string path = options.trainer.out_dir + (is_final ? "/image.safetensors" : "/interim.safetensors");
  const models::LatentTables tables = count_tables(task.image_network(), task.sampler(), count);
  const std::string record = make_record(trainer, options, "pictures", task.sampler().num_pictures());
  LACONIC_RETURN_IF_ERROR(models::save_weights(path, task.image_network(), tables, record));
  if (pictures.empty()) return ok_status();
  std::vector<double> qualities = {0, 25, 50, 75, 100};
  if (is_final) qualities = {0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100};
  LACONIC_ASSIGN_OR_RETURN(const std::vector<CurvePoint> curve, measure_curve(path, pictures, qualities, options.trainer.device));
  std::ofstream csv(options.trainer.out_dir + "/validation.csv", std::ios::app);
  for (const CurvePoint& point : curve) {
    char line[128];
    std::snprintf(line, sizeof line, "%lld,%zu,%.2f,%.5f,%.4f", static_cast<long long>(trainer.step()), pictures.size(), point.quality,
                  point.bpp, point.psnr);
    csv << line << '\n';
    std::printf("validation (step, pictures, quality, bpp, psnr): %s\n", line);
  }
  std::fflush(stdout);
  return ok_status();
}

Status train_image(const TrainConfig& config, const Options& options) {
  std::vector<Picture> val;
  if (!options.val_dir.empty()) {
    LACONIC_ASSIGN_OR_RETURN(val, open_shards(options.val_dir));
  }
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<ImageTask> owned_task, ImageTask::create(config, options.trainer));
  ImageTask& task = *owned_task;
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::create(config, options.trainer, std::move(owned_task)));
  const std::vector<Picture> some = val.empty() ? val : every_nth(val, options.val_pictures);
  if (options.ablate) {
    if (val.empty()) return invalid_argument("--ablate needs --val");
    EmaScope averaged(trainer->ema());
    for (const AblationRow& row : measure_ablations(task.image_network(), val))
      std::printf("%-22s %.4f bpp  %+.2f %%\n", row.variant.c_str(), row.bpp, row.more_rate);
    return ok_status();
  }
  if (!options.export_only) {
    LACONIC_RETURN_IF_ERROR(trainer->run([&](int64_t) {
      return val.empty() ? ok_status() : export_and_measure(*trainer, task, options, some, /*is_final=*/false);
    }));
  }
  EmaScope averaged(trainer->ema());
  return export_and_measure(*trainer, task, options, val, /*is_final=*/true);
}

Status train_video(const TrainConfig& config, const Options& options) {
  if (options.ablate || !options.val_dir.empty()) return invalid_argument("--ablate and --val are for the image network");
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<VideoTask> owned_task, VideoTask::create(config, options.trainer));
  VideoTask& task = *owned_task;
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::create(config, options.trainer, std::move(owned_task)));
  if (!options.export_only) LACONIC_RETURN_IF_ERROR(trainer->run([](int64_t) { return ok_status(); }));
  EmaScope averaged(trainer->ema());
  return models::save_video_weights(options.trainer.out_dir + "/video.safetensors", task.filter(), models::model_id_text(task.image().model_id),
                                    make_record(*trainer, options, "clips", task.num_clips()));
}

Status train_audio(const TrainConfig& config, const Options& options) {
  if (options.ablate || !options.val_dir.empty()) return invalid_argument("--ablate and --val are for the image network");
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<AudioTask> owned_task, AudioTask::create(config, options.trainer));
  AudioTask& task = *owned_task;
  LACONIC_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer, Trainer::create(config, options.trainer, std::move(owned_task)));
  if (!options.export_only) LACONIC_RETURN_IF_ERROR(trainer->run([](int64_t) { return ok_status(); }));
  EmaScope averaged(trainer->ema());
  constexpr int kCountedStretches = 240;
  return models::save_audio_weights(options.trainer.out_dir + "/audio.safetensors", task.audio_network(), task.count_tables(kCountedStretches),
                                    make_record(*trainer, options, "recordings", task.num_recordings()));
}

Status run(const Options& options) {
  LACONIC_ASSIGN_OR_RETURN(const TrainConfig config, read_train_config(options.config));
  if (config.audio_network) return train_audio(config, options);
  return config.video_network ? train_video(config, options) : train_image(config, options);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const int code = parse(argc, argv, options);
  if (code >= 0) return code;
  try {
    const Status status = run(options);
    if (status.ok()) return 0;
    std::fprintf(stderr, "laconic-train: %s\n", status.message().c_str());
  } catch (const c10::Error& error) {
    std::fprintf(stderr, "laconic-train: %s\n", error.what_without_backtrace());
  }
  return 2;
}
