#include "apps/train/trainer.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <future>

namespace laconic::train {
namespace {

using Clock = std::chrono::steady_clock;
namespace fs = std::filesystem;

volatile std::sig_atomic_t stop_requested = 0;
void request_stop(int) { stop_requested = 1; }

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::string time_left_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%d:%02d", static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60);
  return text;
}

}  // namespace

Trainer::Trainer(const TrainConfig& config, const TrainerOptions& options, std::unique_ptr<Task> task)
    : config_(config), options_(options), is_on_cpu_(options.device == "cpu"), task_(std::move(task)), network_(task_->network()),
      sums_(torch::zeros({static_cast<int64_t>(task_->columns().size()) + 1}, torch::Device(options.device))) {}

Result<std::unique_ptr<Trainer>> Trainer::create(const TrainConfig& config, const TrainerOptions& options, std::unique_ptr<Task> task) {
  std::error_code error;
  fs::create_directories(options.out_dir, error);
  if (error) return io_error("cannot make the folder " + options.out_dir + ": " + error.message());
  std::unique_ptr<Trainer> trainer(new Trainer(config, options, std::move(task)));
  std::vector<SoapParameter> parameters;
  NamedParameters averaged;
  for (const auto& item : trainer->network_->named_parameters()) {
    parameters.push_back({item.key(), item.value(), trainer->task_->lr_scale(item.key())});
    averaged.emplace_back(item.key(), item.value());
  }
  SoapOptions soap;
  soap.clip_norm = config.clip_norm;
  soap.max_side = config.max_rotated_side;
  soap.precondition_every = config.precondition_every;
  soap.statistics_every = 2;  // a fifth of the optimiser's time saved (measured 277 -> 218 ms)
  trainer->optimiser_ = std::make_unique<Soap>(std::move(parameters), soap);
  trainer->ema_ = std::make_unique<Ema>(std::move(averaged), config.ema_decay);
  if (options.resume && fs::exists(trainer->checkpoint_path())) LACONIC_RETURN_IF_ERROR(trainer->load_checkpoint());
  LACONIC_RETURN_IF_ERROR(trainer->open_log());
  return trainer;
}

Status Trainer::open_log() {
  const std::string path = options_.out_dir + "/log.csv";
  const bool is_new = !options_.resume || !fs::exists(path);
  log_.open(path, is_new ? std::ios::trunc : std::ios::app);
  if (!log_) return io_error("cannot write " + path);
  if (!is_new) return ok_status();
  log_ << "step,loss";
  for (const std::string& column : task_->columns()) log_ << ',' << column;
  log_ << ",lr,samples_per_s,skipped\n";
  return ok_status();
}

double Trainer::done() const {
  const double of_steps = static_cast<double>(step_) / static_cast<double>(config_.steps);
  return options_.fits_minutes ? seconds_since(start_) / (options_.max_minutes * 60) : of_steps;
}

// On the CPU the batch is split over worker threads with one ATen thread each: on a busy machine that is far quicker than
// splitting every operation. Parts and the order of the sum are fixed, so the result is reproducible.
void Trainer::train_step() {
  torch::manual_seed(config_.seed * 1000003 + static_cast<uint64_t>(step_));  // resume sees the same noise
  task_->draw_batch(step_);
  std::vector<PartResult> parts;
  if (is_on_cpu_) {
    const int num_parts = std::min(config_.num_workers, config_.batch_size);
    std::vector<std::future<PartResult>> futures;
    int64_t begin = 0;
    for (int i = 0; i < num_parts; ++i) {
      const int64_t end = static_cast<int64_t>(config_.batch_size) * (i + 1) / num_parts;
      futures.push_back(std::async(std::launch::async, [this, begin, end] {
        at::set_num_threads(1);
        return task_->run_part(begin, end - begin);
      }));
      begin = end;
    }
    for (auto& future : futures) parts.push_back(future.get());
  } else {
    parts.push_back(task_->run_part(0, config_.batch_size));  // always on this thread: CUDA keeps handles by thread
  }
  const std::vector<torch::Tensor> parameters = network_->parameters();
  optimiser_->zero_grad();
  for (const PartResult& part : parts) {
    sums_ += part.sums.to(sums_.device());
    for (size_t i = 0; i < parameters.size(); ++i) {
      torch::Tensor& gradient = parameters[i].mutable_grad();
      if (!part.gradients[i].defined()) continue;
      gradient = gradient.defined() ? gradient.add_(part.gradients[i]) : part.gradients[i];
    }
  }
  optimiser_->step(config_.learning_rate_at(step_, done()));
  ema_->update();
  num_summed_ += config_.batch_size;
}

Status Trainer::run(const std::function<Status(int64_t)>& validate) {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  task_->start(step_);
  start_ = Clock::now();
  auto line_start = start_;
  const int64_t first_step = step_;
  const auto is_time_up = [&] { return options_.max_minutes > 0 && seconds_since(start_) > options_.max_minutes * 60; };
  int64_t validated_step = -1;
  while ((step_ < config_.steps || options_.fits_minutes) && !stop_requested && !is_time_up()) {
    train_step();
    ++step_;
    if (step_ % config_.log_every == 0) {
      write_log(num_summed_ / seconds_since(line_start));
      const double per_step = seconds_since(start_) / static_cast<double>(step_ - first_step);
      const double left = options_.fits_minutes ? options_.max_minutes * 60 - seconds_since(start_)
                                                : per_step * static_cast<double>(config_.steps - step_);
      std::printf("   time left %s\n", time_left_text(std::max(0.0, left)).c_str());
      std::fflush(stdout);
      line_start = Clock::now();
    }
    if (step_ % config_.checkpoint_every == 0) LACONIC_RETURN_IF_ERROR(save_checkpoint());
    if (step_ % config_.validate_every == 0) {
      EmaScope averaged(*ema_);
      LACONIC_RETURN_IF_ERROR(validate(step_));
      validated_step = step_;
    }
  }
  LACONIC_RETURN_IF_ERROR(save_checkpoint());
  if (validated_step == step_) return ok_status();
  EmaScope averaged(*ema_);
  return validate(step_);
}

void Trainer::write_log(double samples_per_second) {
  const torch::Tensor mean = sums_ / num_summed_;
  std::string line = std::to_string(step_);
  char field[32];
  for (int64_t i = 0; i < mean.numel(); ++i) {
    std::snprintf(field, sizeof field, ",%.5f", mean[i].item<double>());
    line += field;
  }
  std::snprintf(field, sizeof field, ",%.3g,%.2f,%lld", config_.learning_rate_at(step_, done()), samples_per_second,
                static_cast<long long>(optimiser_->num_skipped()));
  line += field;
  log_ << line << std::endl;
  std::printf("%s", line.c_str());
  sums_.zero_();
  num_summed_ = 0;
}

Status Trainer::save_checkpoint() const {
  torch::serialize::OutputArchive archive, optimiser, ema;
  for (const auto& item : network_->named_parameters()) archive.write(item.key(), item.value());
  archive.write("step", torch::tensor(step_));
  optimiser_->save(optimiser);
  ema_->save(ema);
  archive.write("optimiser", optimiser);
  archive.write("ema", ema);
  const std::string temporary = checkpoint_path() + ".tmp";
  archive.save_to(temporary);
  std::error_code error;
  fs::rename(temporary, checkpoint_path(), error);
  return error ? io_error("cannot write " + checkpoint_path() + ": " + error.message()) : ok_status();
}

Status Trainer::load_checkpoint() {
  try {
    torch::NoGradGuard no_grad;
    torch::serialize::InputArchive archive, optimiser, ema;
    archive.load_from(checkpoint_path(), torch::Device(options_.device));
    for (auto& item : network_->named_parameters()) {
      torch::Tensor stored;
      archive.read(item.key(), stored);
      if (stored.sizes() != item.value().sizes())
        return invalid_argument(checkpoint_path() + " holds a network of other widths (" + item.key() + ")");
      item.value().copy_(stored);
    }
    torch::Tensor step;
    archive.read("step", step);
    step_ = step.item<int64_t>();
    archive.read("optimiser", optimiser);
    archive.read("ema", ema);
    LACONIC_RETURN_IF_ERROR(optimiser_->load(optimiser));
    return ema_->load(ema);
  } catch (const c10::Error& error) {
    return corrupt(checkpoint_path() + " cannot be read: " + error.what_without_backtrace());
  }
}

}  // namespace laconic::train
