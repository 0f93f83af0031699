/*
Runner measures how language models that are fine-tuned on one task after the
other forget what they knew. From a suite it trains each method on a stream of
tasks, evaluates all tasks and a battery of base knowledge after each one, and
prints how much was learned, kept and forgotten.

# The main job

	$ runner -suite continual16

Six methods learn sixteen tasks. Nothing is downloaded but, once, the plugin
that computes (XLA; `runner setup` installs it alone, -no-download forbids it,
-backend go does without, 5 to 8 times slower). Progress is told on standard
error, the tables come on standard output, and everything that was measured
lies in runs/continual16. The same command again continues what an
interruption left, or prints the tables at once.

Without a command's name, run is meant:

	$ runner run -suite continual16 -methods seq,secura -seeds 3 -out runs/two
	$ runner run -suite continual16 -methods seq,joint -out runs/bound
	$ runner run -suite smoke -set training.steps=12 -jobs 1

Seeds, orders and methods may be added to a run later; any other setting that
changes is refused, by name, since numbers of two settings are not comparable.

# Suites

A suite is a YAML file: tasks, methods, and how they are trained and
evaluated. These are embedded:

	$ runner list suites
	ablation             SECURA with one part changed at a time: S-MagNorm, merging, selection, ranks, space, normalisation, restraint.
	continual16-real     Six methods on a stream of sixteen public data sets, for real backbones; the data lie below -data.
	continual16          Six methods on a stream of sixteen built-in tasks of four families, with the knowledge battery at every boundary.
	gradients            Gradient norms per adapter matrix and the other measures of each step, for LoRA, CUR-LoRA, CABR and SECURA as specified and as released.
	norms                Norms and effective rank of the update of the adapted weights along a stream of four tasks.
	olora-long           O-LoRA's long benchmark, orders 4 to 6: fifteen classification sets of GLUE, SuperGLUE and others; the data lie below -data.
	olora-standard       O-LoRA's standard benchmark, orders 1 to 3: DBpedia, Amazon, Yahoo and AG News; the data lie below -data.
	orders               Six methods over three orders of eight tasks and three seeds: the spread between orders beside that between seeds.
	paper-nano           The paper's protocol on the embedded backbone: one task of each of four families, all evaluated four times within each: 16 tests.
	paper-released-nano  SECURA's released code as its authors configured it, on the embedded backbone: its presets, protocol and measure.
	paper-released       SECURA's released code as its authors configured it: EXP5 with its presets, protocol, form of prompts and measure; the four data sets, 2000 steps each.
	paper                The paper's four data sets (GSM8K, CNN/DailyMail, NewsDE, LogiQA), 2000 steps each, all evaluated every 500: 16 tests.
	retention            Base knowledge along the fine-tuning on two tasks at the paper's learning rate of 1e-3.
	smoke                A quick pass through every stage; its numbers mean nothing.
	trace                TRACE's eight tasks: stances, summaries, code, science, arithmetic and simplified German; the data lie below -data.
	variants             LoRA, DoRA, CUR-LoRA, CABR and SECURA M1 and M2 on four multiple-choice and five question-answering tasks, each learned alone.

One of your own may extend an embedded one and name only what differs. show
prints a suite with every default written out, and validate holds it against
the data before hours are spent:

	$ runner show smoke > mine.yaml
	$ runner validate mine.yaml -data /data

A mistake in a name tells the nearest one that is known:

	$ runner -suite smok
	runner: load suite smok: unknown suite "smok"; did you mean "smoke"? Known: ablation, continual16-real, continual16, gradients, norms, olora-long, olora-standard, orders, paper-nano, paper-released-nano, paper-released, paper, retention, smoke, trace, variants. A file's name ends in .yaml

# Tuning

Numbers of two methods compare only if both were tuned alike. tune gives each
method of a suite the same number of trials: learning rates over a grid that
is wide enough for its kind of adapter, and at the best of them its own
coefficient, such as EWC's lambda. A trial learns a calibration stream: some of
the suite's tasks in another order and with other random numbers, scored on
the validation split. No process of a tuning can open a test split.

	$ runner tune continual16 -trials 8
	$ runner tune continual16 -methods all -objective learning_accuracy
	$ runner run -suite runs/continual16-tune/tuned.yaml

The trials and the choices are printed and lie in runs/continual16-tune:
tune.json has them all, tuned.yaml is a suite that extends the tuned one by the
choices, each with its reason. The report of its run tells of the budget.

# Data

A task is a Parquet file and a few lines of YAML: a template makes a row's
prompt, answer and options out of its columns. The built-in tasks are embedded
and can be written out, byte for byte:

	$ runner data build -out built
	$ runner data inspect built/syllogisms/train.parquet

A data set on the hub comes into the hub's cache and into a folder for -data:

	$ runner data fetch openai/gsm8k -config main -out data

# Backbones

-backbone takes the embedded nano, a folder in the hub's layout, a GGUF file
of a Llama or Qwen2 model, whose quantised weights are made float32, or a
repository's name, which is looked for in the hub's cache and then downloaded:

	$ runner eval -backbone models/tiny
	$ runner validate smoke -backbone SmolLM2-135M-Instruct.Q4_1.gguf
	$ runner -suite smoke -backbone Qwen/Qwen2.5-0.5B

A model that was trained to chat can be asked by its own chat template, the
prompt as a user's turn and the answer as the assistant's:

	$ runner eval smoke -backbone Qwen/Qwen2.5-0.5B-Instruct -set chat=true

-set dtype=bf16 holds the matrices that no method changes in half of a GPU's
memory, and multiplies by them in that precision; what methods change and add
stays float32. On a processor nothing is won by it. -set devices=2 shares the
rows of each batch out to two devices of the machine, such as GPUs.

Several, under backbones: in a suite file or separated by commas, are one run:
every method, seed and order on each, in cells METHOD.BACKBONE-s0-o0. Its report
sets them side by side and has the tables of each; tests pair within one alone:

	$ runner run -suite smoke -backbone nano,models/tiny -out runs/both
	$ runner report runs/both -explain secura.tiny.acc

HF_HOME or HF_HUB_CACHE places the cache, HF_ENDPOINT names another server,
HF_TOKEN an access token; HF_HUB_OFFLINE=1 and -no-download forbid downloads.
One that was cut off goes on where it stopped, and every checksum is compared.

# Results

Reports are made from a run's records alone, on any machine:

	$ runner report runs/continual16 -format markdown
	$ runner report runs/continual16 -format html
	$ runner status runs/continual16

A run is followed from any terminal, also when it was started elsewhere; -http
serves its page, which updates itself, -tensorboard keeps event files:

	$ runner watch runs/continual16
	$ runner watch runs/continual16 -http :8080
	$ runner watch runs/continual16 -tensorboard events

The page, report.html, is one file that needs no network: it has charts, sortable
tables, and the single examples of one seed, what was answered before and after
each task.

Beside report.md a run gets results.json with every metric, its tables as LaTeX
floats and as CSV, and its figures as SVG and PNG. The best of a column is bold
only where it is ahead of every other method by the paired test. Some tables by
themselves, and several runs side by side, such as one per backbone:

	$ runner report runs/continual16 -table summary,per-task -format latex
	$ runner report runs/qwen runs/llama -table summary

Methods of a run against each other, or against those of another run, on the
seeds that both have, with intervals, effect sizes and tests:

	$ runner compare runs/continual16 -methods secura,seq
	$ runner compare runs/continual16 runs/other -methods secura

Every number of a table can be traced to the lines of the records that it was
made of, with the arithmetic between them:

	$ runner report runs/continual16 -explain secura.knowledge_retention

The norms of what a method changed along the stream, the gradient norms of its
matrices, and its other measures in each step; a suite that names them under
tables has them in its report:

	$ runner report runs/continual16 -table norms,gradients,steps

The claims of SECURA's paper against what a run measured, each with its interval
and a verdict, and how the published code and equations behave by its records:

	$ runner report runs/continual16 -claims -with runs/variants

What the numbers of a table mean:

	$ runner list metrics
	acc                  mean over tasks of R[N][j]: the score at the end of the stream
	learning_accuracy    mean of R[j][j]: the score right after a task was learned
	bwt                  backward transfer, mean of R[N][j] - R[j][j]; below 0 is forgetting
	fwt                  forward transfer, mean of R[j-1][j] - R[0][j]
	forgetting           mean of the best earlier score of a task minus its last one
	aia                  mean over boundaries i of the mean score on the tasks learned by then
	min_acc              mean over tasks of the lowest score after the task was learned
	task_retention       mean of R[N][j] / R[j][j]
	knowledge_retention  K[N] / K[0]: the share of base knowledge that is left
	knowledge_final      K[N]
	knowledge_min        the lowest K[i] from i = 1 on
	knowledge_delta      K[N] - K[0]
	intransigence        mean of the joint run's score minus R[j][j]
	perplexity_drift     nats per token on held-out base text, after minus before

R[i][j] is the score on task j after the first i of N tasks were learned, row
0 being the untouched base model; K[i] is the score on the knowledge battery.
A number that is undefined is printed with its reason, never as 0.

# Trusting a run

A run that was killed, by whomever and at whatever moment, goes on with the
same command and ends with the same bytes: at the last task's end, or within a
long task every training.checkpoint_every steps. It goes on with another
backend or plugin only if told to, and its results say so.

verify holds a run to its data, computes its scores from the predictions and
its metrics from the records again, and executes one task of each method from
its checkpoint: the records must come out byte for byte. -full executes all.
Whoever gets a bundle can do the same; where processor or plugin make other
last bits, only scores are compared, to 0.0001, and this is said:

	$ runner verify runs/continual16
	$ runner report runs/continual16 -bundle continual16.tar.zst
	$ runner verify continual16.tar.zst -cells secura-s0-o0

# Taking a model along

What a cell has learned goes out as an adapter that peft loads, where its update
has few ranks (LoRA, CUR-LoRA, CABR), or as a whole model for transformers:

	$ runner export runs/continual16/cells/cur-lora-s0-o0 -out adapter
	$ runner export runs/continual16/cells/secura-s0-o0 -format merged -out model

# On a cluster

With -engine slurm the cells become a job array. The suite's slurm keys say
what each element asks for (partition, account, gres, cpus, mem, time, extra);
the program and the plan travel in the run's folder, which all nodes must see:

	$ runner run -suite continual16 -seeds 8 -engine slurm -set slurm.time=2:00:00 -dry-run
	$ runner run -suite continual16 -seeds 8 -engine slurm -set slurm.time=2:00:00
	$ runner status runs/continual16
	$ runner cancel runs/continual16

An element begins with its part of the cells, those of one method together, and
goes on with what nobody else has. Before the time limit, and when it is
preempted, it saves where it stands and is queued again; one whose worker died
is too, three times. A cell has one owner: claims are files that are renewed
while their owner works, and taken over when they are not. So a second array,
or a run on a machine that sees the same folder, shares the work.

# A backbone without training

How a backbone scores on a suite's tasks as it is, with 95% intervals over the
examples: for comparisons with published zero-shot numbers. Options are chosen
by their log-likelihood per token, in sum, and per character. -out keeps the
scores and, of each example, the prompt and what came of it:

	$ runner eval continual16 -tasks syllogisms,odd_one_out
	$ runner eval mine.yaml -backbone DIR -data /data -limit 100 -out scores
	$ runner eval continual16 -adapter adapter

# Exit codes

	0    all done
	1    a cell failed or diverged, or there was trouble with data or files
	2    wrong usage or an invalid suite
	130  interrupted; the same command again goes on

`go run ./runner` turns each failure into 1, and on SIGTERM leaves its child
running: scripts build the program and call it.

Each command's -h tells of its flags. A command's argument may stand before or
after them.
*/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long a command may take to stop after an interruption. The
// engine kills its workers after 4 seconds.
const patience = 4800 * time.Millisecond

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		if len(os.Args) > 1 && os.Args[1] == "worker" {
			return // who started it ends its patience
		}
		stop() // a second Ctrl-C ends the program at once
		time.Sleep(patience)
		fmt.Fprintln(os.Stderr, "runner: interrupted; did not stop by itself in time. The same command again goes on: "+sameCommand())
		os.Exit(130)
	})
	os.Exit(exitCode(ctx, execute(ctx, os.Args[1:], os.Stdout, os.Stderr), os.Stderr))
}

// commands is the command table, in the order of the overview.
func commands() []command {
	return []command{
		newRun(), newTune(), newList(), newShow(), newValidate(), newStatus(), newCancel(), newWatch(), newReport(), newCompare(), newVerify(),
		newEval(), newExport(), newDataInspect(), newDataBuild(), newDataFetch(), newDataConvert(), newDataPreview(), newSetup(), newBench(), newPretrain(), newVersion(), newWorker(),
	}
}

// execute finds and runs a command.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	table := commands()
	if len(args) > 0 && args[0] == "help" {
		args = append(args[1:], "-h")
	}
	if len(args) == 1 && (args[0] == "-h" || args[0] == "-help" || args[0] == "--help") {
		overview(stdout, table)
		return nil
	}
	c, rest, err := choose(table, args)
	if err != nil {
		return err
	}
	argument, err := c.parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		c.help(stdout)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w\n`runner %s -h` tells more", err, c.name)
	}
	return c.run(ctx, argument, stdout, stderr)
}

// interruptedError says how to go on after an interruption.
type interruptedError struct{ advice string }

func (e *interruptedError) Error() string { return e.advice }

// exitCode tells of the error and maps it to the program's exit code.
func exitCode(ctx context.Context, err error, stderr io.Writer) int {
	var wrongUsage *usageError
	var interrupted *interruptedError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &interrupted):
		fmt.Fprintln(stderr, "runner: interrupted;", err)
		return 130
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "runner: interrupted")
		return 130
	case errors.As(err, &wrongUsage):
		fmt.Fprintln(stderr, "runner:", err)
		return 2
	}
	fmt.Fprintln(stderr, "runner:", err)
	return 1
}
