// Evaluates one frozen graph as CMSSW does: the program behind the runtime `cpp`.
//
// It is given a folder (or several, one graph each), in which it reads `request` and `inputs-<n>`, and writes `loaded` once the
// graph is loaded, or could not be, then for each batch `outputs-<n>` or `error-<n>`. Each file
// appears whole or not at all. All numbers are 64-bit integers in the byte order of the machine,
// and a text is its length and its bytes:
//
//   request    text graph, threads, first batch, number of batches, for each 1 if TensorFlow may
//              rewrite the graph for it, else 0; number of outputs, their texts
//   inputs     number of tensors, for each: text name, DataType, rank, sizes, then the elements:
//   outputs    raw, or texts where they are strings
//   loaded     text program, text failure (empty if there is none), text with the DataTypes that
//              the graph multiplies matrices in, by number, each followed by a space
//   error      text
//
// Whoever starts it writes a byte to its standard input and keeps that open: when it comes to its
// end, nobody waits for an answer, and the program stops in whatever it does.

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tensorflow/core/framework/graph.pb.h"
#include "tensorflow/core/framework/node_def.pb.h"
#include "tensorflow/core/framework/tensor.h"
#include "tensorflow/core/platform/env.h"
#include "tensorflow/core/public/session.h"
#include "tensorflow/core/public/session_options.h"

extern "C" const char* TF_Version();

namespace tf = tensorflow;

namespace {

constexpr int kNoSpace = 4;

class Reader {
 public:
  explicit Reader(const std::string& path) : stream_(path, std::ios::binary) {
    if (!stream_) throw std::runtime_error("cannot read " + path);
    stream_.exceptions(std::ios::failbit | std::ios::badbit | std::ios::eofbit);
  }

  int64_t number() {
    int64_t value = 0;
    raw(&value, sizeof value);
    return value;
  }

  std::string text() {
    std::string value(number(), '\0');
    raw(&value[0], value.size());
    return value;
  }

  void raw(void* place, size_t size) {
    if (size) stream_.read(static_cast<char*>(place), size);
  }

 private:
  std::ifstream stream_;
};

class Writer {
 public:
  explicit Writer(const std::string& path) : path_(path), file_(std::fopen(part().c_str(), "wb")) {
    if (!file_) failed();
  }

  void number(int64_t value) { raw(&value, sizeof value); }

  template <typename Text>
  void text(const Text& value) {
    number(value.size());
    raw(value.data(), value.size());
  }

  void raw(const void* data, size_t size) {
    if (size && std::fwrite(data, 1, size, file_) != size) failed();
  }

  void finish() {
    if (std::fclose(file_) != 0 || std::rename(part().c_str(), path_.c_str()) != 0) failed();
  }

 private:
  std::string part() const { return path_ + ".part"; }

  [[noreturn]] void failed() const {
    const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    std::perror(path_.c_str());
    std::_Exit(full ? kNoSpace : 1);
  }

  std::string path_;
  std::FILE* file_;
};

struct Request {
  std::string graph;
  int64_t threads;
  int64_t first;
  std::vector<bool> optimize;
  std::vector<std::string> outputs;
};

Request read_request(const std::string& folder) {
  Reader reader(folder + "/request");
  Request request;
  request.graph = reader.text();
  request.threads = reader.number();
  request.first = reader.number();
  request.optimize.resize(reader.number());
  for (size_t i = 0; i < request.optimize.size(); ++i) request.optimize[i] = reader.number() != 0;
  request.outputs.resize(reader.number());
  for (auto& output : request.outputs) output = reader.text();
  return request;
}

using Feed = std::vector<std::pair<std::string, tf::Tensor>>;

Feed read_inputs(const std::string& path) {
  Reader reader(path);
  Feed feed;
  for (int64_t left = reader.number(); left > 0; --left) {
    const std::string name = reader.text();
    const auto dtype = static_cast<tf::DataType>(reader.number());
    tf::TensorShape shape;
    for (int64_t rank = reader.number(); rank > 0; --rank) shape.AddDim(reader.number());
    if (dtype != tf::DT_STRING && tf::DataTypeSize(dtype) == 0) {
      throw std::runtime_error("'" + name + "' has a type that this TensorFlow does not know");
    }
    tf::Tensor tensor(dtype, shape);
    if (dtype == tf::DT_STRING) {
      auto flat = tensor.flat<tf::tstring>();
      for (int64_t i = 0; i < flat.size(); ++i) flat(i) = reader.text();
    } else {
      reader.raw(const_cast<char*>(tensor.tensor_data().data()), tensor.TotalBytes());
    }
    feed.emplace_back(name, tensor);
  }
  return feed;
}

void write_outputs(const std::string& path, const std::vector<std::string>& names,
                   const std::vector<tf::Tensor>& tensors) {
  Writer writer(path);
  writer.number(tensors.size());
  for (size_t k = 0; k < tensors.size(); ++k) {
    const tf::Tensor& tensor = tensors[k];
    writer.text(names[k]);
    writer.number(tensor.dtype());
    writer.number(tensor.dims());
    for (int i = 0; i < tensor.dims(); ++i) writer.number(tensor.dim_size(i));
    if (tensor.dtype() == tf::DT_STRING) {
      const auto flat = tensor.flat<tf::tstring>();
      for (int64_t i = 0; i < flat.size(); ++i) writer.text(flat(i));
    } else {
      writer.raw(tensor.tensor_data().data(), tensor.TotalBytes());
    }
  }
  writer.finish();
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// What tensorflow::loadGraphDef and tensorflow::createSession of CMSSW do.
class Model {
 public:
  explicit Model(const Request& request) : threads_(request.threads) {
    const std::string& path = request.graph;
    const bool is_text = ends_with(path, ".txt") || ends_with(path, ".pbtxt");
    check(is_text ? tf::ReadTextProto(tf::Env::Default(), path, &graph_)
                  : tf::ReadBinaryProto(tf::Env::Default(), path, &graph_));
    if (graph_.node_size() == 0) throw std::runtime_error("the file holds no nodes");
    for (const auto& node : graph_.node()) {
      const auto dtype = node.attr().find("dtype");
      if (node.op().rfind("Placeholder", 0) == 0 && dtype != node.attr().end()) {
        fed_[node.name() + ":0"] = dtype->second.type();
      }
      const auto type = node.attr().find("T");
      for (const char* word : {"MatMul", "Conv", "Einsum"}) {
        if (node.op().find(word) != std::string::npos && type != node.attr().end()) {
          multiplied_.insert(type->second.type());
        }
      }
    }
    session(request.optimize.empty() || request.optimize[request.first]);
  }

  std::vector<tf::Tensor> run(const Feed& feed, const std::vector<std::string>& names, bool way) {
    for (const auto& entry : feed) {
      const auto wanted = fed_.find(entry.first);
      if (wanted != fed_.end() && wanted->second != entry.second.dtype()) {
        throw std::runtime_error("'" + entry.first + "' takes " +
                                 tf::DataTypeString(wanted->second) + ", not " +
                                 tf::DataTypeString(entry.second.dtype()));
      }
    }
    std::vector<tf::Tensor> outputs;
    check(session(way).Run(feed, names, {}, &outputs));
    return outputs;
  }

  std::string multiplied() const {
    std::string numbers;
    for (const int type : multiplied_) numbers += std::to_string(type) + " ";
    return numbers;
  }

 private:
  template <typename Status>
  static void check(const Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }

  tf::Session& session(bool optimize) {
    auto& session = sessions_[optimize];
    if (!session) {
      tf::SessionOptions options;
      options.config.set_intra_op_parallelism_threads(threads_);
      options.config.set_inter_op_parallelism_threads(1);
      if (!optimize) {
        auto* rewrite = options.config.mutable_graph_options()->mutable_rewrite_options();
        rewrite->set_disable_meta_optimizer(true);
      }
      tf::Session* made = nullptr;
      check(tf::NewSession(options, &made));
      session.reset(made);
      check(session->Create(graph_));
    }
    return *session;
  }

  int64_t threads_;
  tf::GraphDef graph_;
  std::map<std::string, tf::DataType> fed_;
  std::set<int> multiplied_;
  std::map<bool, std::unique_ptr<tf::Session>> sessions_;
};

void stop_with_caller() {
  char byte;
  // Without the first byte nobody holds the other end: standard input may be empty.
  if (read(0, &byte, 1) == 1) {
    while (read(0, &byte, 1) == 1) continue;
    std::_Exit(1);
  }
}

std::string numbered(const std::string& folder, const char* what, size_t number) {
  char name[64];
  std::snprintf(name, sizeof name, "/%s-%05zu", what, number);
  return folder + name;
}

void answer(const std::string& folder) {
  const Request request = read_request(folder);
  std::unique_ptr<Model> model;
  std::string failure;
  try {
    model.reset(new Model(request));
  } catch (const std::runtime_error& error) {
    failure = error.what();
  }
  Writer loaded(folder + "/loaded");
  loaded.text(std::string("TensorFlow ") + TF_Version() + ", C++");
  loaded.text(failure);
  loaded.text(model ? model->multiplied() : std::string());
  loaded.finish();
  for (size_t n = request.first; model && n < request.optimize.size(); ++n) {
    try {
      const Feed feed = read_inputs(numbered(folder, "inputs", n));
      const auto outputs = model->run(feed, request.outputs, request.optimize[n]);
      write_outputs(numbered(folder, "outputs", n), request.outputs, outputs);
    } catch (const std::runtime_error& error) {
      Writer writer(numbered(folder, "error", n));
      writer.text(std::string(error.what()));
      writer.finish();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::thread(stop_with_caller).detach();
  for (int i = 1; i < argc; ++i) answer(argv[i]);
  // the destructors of a library with threads of its own are no part of the answer
  std::_Exit(0);
}
