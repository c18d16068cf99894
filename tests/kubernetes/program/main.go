// Command kubernetes is a Kubernetes control plane and kubectl in one program, for the tests; see fill.go for the one part that is our own.
//
// The component is named by the program's own name (a symlink called kubectl) or by its first argument
// (kubernetes kube-apiserver --secure-port=…). One program links the shared 90 % once; each component is still a
// process of its own, so that a test can end any one of them. How they are started is in ../up, not here.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth" // kubectl's sign-in plugins
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // the request metrics the real components serve
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

// A component is one of the programs in here; args[0] is its name, as in os.Args.
type component struct {
	name string
	run  func(args []string)
}

var components = []component{
	{"etcd", etcdmain.Main},
	{"kube-apiserver", server(apiserver.NewAPIServerCommand)},
	{"kube-controller-manager", server(controllermanager.NewControllerManagerCommand)},
	{"kube-scheduler", server(func() *cobra.Command { return scheduler.NewSchedulerCommand() })},
	{"kubectl", runKubectl},
	{"fill", runFill},
}

func main() {
	chosen, args := choose(os.Args)
	if chosen == nil {
		usage(os.Stderr)
		os.Exit(2)
	}
	// Each component reads os.Args by itself, whatever it is given.
	os.Args = args
	chosen.run(args)
}

// choose looks at the program's own name first, then at the first argument, which it takes away.
func choose(args []string) (*component, []string) {
	if found := named(filepath.Base(args[0])); found != nil {
		return found, args
	}
	if len(args) > 1 {
		return named(args[1]), args[1:]
	}
	return nil, nil
}

func named(name string) *component {
	at := slices.IndexFunc(components, func(c component) bool { return c.name == name })
	if at < 0 {
		return nil
	}
	return &components[at]
}

func usage(out io.Writer) {
	names := make([]string, 0, len(components))
	for _, each := range components {
		names = append(names, each.name)
	}
	fmt.Fprintf(out, "usage: kubernetes COMPONENT [FLAGS]\ncomponents: %s\n", strings.Join(names, ", "))
}

// server runs a component that is a cobra command until it is told to stop.
// The command is built only when chosen: building one registers flags and metrics that the others would trip over.
func server(build func() *cobra.Command) func([]string) {
	return func([]string) { os.Exit(cli.Run(build())) }
}

func runKubectl([]string) {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
