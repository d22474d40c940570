#include "run/ranks.h"

#include "plan/exchange.h"
#include "run/gloo_engine.h"
#include "run/loop.h"
#include "run/manifest_of.h"
#include "trace/read.h"
#include "trace/sink.h"

namespace isobatch {

const Ranks::Reference& Ranks::reference_in(const std::string& directory) {
    if (reference_ && reference_->directory == directory) return *reference_;
    Trace trace = read_trace(directory);
    Forcing forcing(trace);  // its views stay valid: moving a trace does not move what its tensors own
    std::string digest = content_digest(trace);
    reference_ = std::make_unique<const Reference>(
        Reference{directory, std::move(trace), std::move(forcing), std::move(digest)});
    return *reference_;
}

Setup Ranks::plan(const Trial& trial) const {
    Setup setup = make_setup(trial);
    if (!trial.fault.empty()) plant_(trial.fault, setup);
    return setup;
}

std::string Ranks::run(const Setup& setup, const Job& job) {
    const Reference& reference = reference_in(job.reference);
    const std::int64_t trained = setup.trained_windows();
    Replica replica = make_replica(*setup.subject, job.trial, *job.rank, setup.horizon());
    std::vector<Parameter> parameters = describe(replica);
    RankSink sink(job.trace, *job.rank);
    GlooEngine engine(std::move(replica), setup.decisions, parse_exchange(job.trial.engine),
                      join({job.meeting, *job.rank, mesh_of(job.trial), job.deadline_s}));
    Recorder recorder(sink, setup.data, Level::grads, &reference.forcing, nullptr, beats_);
    train(setup, engine, recorder);
    sink.end(manifest_of(setup, Level::grads, std::move(parameters), trained, reference.digest));
    return sink.manifest();
}

}  // namespace isobatch
