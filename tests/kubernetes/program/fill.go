package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/grpclog"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

const (
	// podsPerNode is the kubelet's default for --max-pods.
	podsPerNode = 110
	// writesAtOnce is enough to keep two cores busy; more is not faster.
	writesAtOnce = 64
)

// runFill makes a namespace hold exactly N running pods, on nodes of its own, by writing them where the API server
// keeps its objects: ten thousand take a second or two instead of minutes. Nothing runs in them. Lists and watches
// cannot tell them from others; what admission and the scheduler would have said about them is not asked.
func runFill(args []string) {
	flags := flag.NewFlagSet(args[0], flag.ExitOnError)
	endpoint := flags.String("etcd", "", "where etcd listens, as a URL")
	namespace := flags.String("namespace", "fill", "an existing namespace; its other pods are dropped")
	_ = flags.Parse(args[1:])
	count, err := strconv.Atoi(flags.Arg(0))
	if err != nil || count < 0 || *endpoint == "" || flags.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes fill --etcd URL [--namespace NAME] COUNT")
		os.Exit(2)
	}
	if err := fill(*endpoint, *namespace, count); err != nil {
		fmt.Fprintln(os.Stderr, "fill:", err)
		os.Exit(1)
	}
}

func fill(endpoint, namespace string, count int) error {
	// Kubernetes sends gRPC's remarks to its own log, and they are about connections that were not needed.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, os.Stderr))
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, DialTimeout: 5 * time.Second})
	if err != nil {
		return err
	}
	defer client.Close()
	put := &writer{client: client, encoder: protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)}
	put.group.SetLimit(writesAtOnce)
	pods, nodes := "/registry/pods/"+namespace+"/", "/registry/minions/"+nodeName(namespace, "")
	for _, prefix := range []string{pods, nodes} {
		if _, err := client.Delete(context.Background(), prefix, clientv3.WithPrefix()); err != nil {
			return err
		}
	}
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	for i := 0; i*podsPerNode < count; i++ {
		node := newNode(namespace, i, now)
		put.object("/registry/minions/"+node.Name, node)
	}
	for i := range count {
		pod := newPod(namespace, i, now)
		put.object(pods+pod.Name, pod)
	}
	return put.group.Wait()
}

// A writer writes objects side by side. Each is a write of its own, as the API server's are: gathering several in one
// transaction would give them one resourceVersion.
type writer struct {
	client  *clientv3.Client
	encoder runtime.Encoder
	group   errgroup.Group
}

func (w *writer) object(key string, object runtime.Object) {
	w.group.Go(func() error {
		var value bytes.Buffer
		if err := w.encoder.Encode(object, &value); err != nil {
			return err
		}
		_, err := w.client.Put(context.Background(), key, value.String())
		return err
	})
}

func newNode(namespace string, index int, now metav1.Time) *corev1.Node {
	name := nodeName(namespace, fmt.Sprintf("%03d", index))
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("64"),
		corev1.ResourceMemory: resource.MustParse("256Gi"),
		corev1.ResourcePods:   *resource.NewQuantity(podsPerNode, resource.DecimalSI),
	}
	return &corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"},
		ObjectMeta: metav1.ObjectMeta{Name: name, UID: newUID(), CreationTimestamp: now, Labels: map[string]string{
			corev1.LabelHostname: name, corev1.LabelOSStable: "linux", corev1.LabelArchStable: "amd64",
		}},
		// Cordoned, so that the scheduler keeps a test's own pods off a node on which nothing ever starts.
		Spec: corev1.NodeSpec{Unschedulable: true},
		Status: corev1.NodeStatus{
			Capacity: capacity, Allocatable: capacity,
			Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: address(198, 18, index)}},
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, LastHeartbeatTime: now, LastTransitionTime: now, Reason: "KubeletReady"}},
			NodeInfo:   corev1.NodeSystemInfo{KubeletVersion: "v1.36.3", OperatingSystem: "linux", Architecture: "amd64"},
		},
	}
}

func newPod(namespace string, index int, now metav1.Time) *corev1.Pod {
	const image = "registry.example/app:1"
	yes, grace, ip := true, int64(30), address(10, 0, index)
	ready := []corev1.PodCondition{}
	for _, each := range []corev1.PodConditionType{corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled} {
		ready = append(ready, corev1.PodCondition{Type: each, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
	return &corev1.Pod{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("pod-%06d", index), Namespace: namespace, UID: newUID(), CreationTimestamp: now,
			Labels: map[string]string{"app": fmt.Sprintf("app-%d", index%50)},
		},
		Spec: corev1.PodSpec{
			NodeName: nodeName(namespace, fmt.Sprintf("%03d", index/podsPerNode)), ServiceAccountName: "default", SchedulerName: corev1.DefaultSchedulerName,
			RestartPolicy: corev1.RestartPolicyAlways, DNSPolicy: corev1.DNSClusterFirst, TerminationGracePeriodSeconds: &grace, EnableServiceLinks: &yes,
			SecurityContext: &corev1.PodSecurityContext{},
			Containers: []corev1.Container{{
				Name: "main", Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
				TerminationMessagePath: corev1.TerminationMessagePathDefault, TerminationMessagePolicy: corev1.TerminationMessageReadFile,
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
					corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("16Mi"),
				}},
			}},
		},
		Status: corev1.PodStatus{
			Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable, StartTime: &now, Conditions: ready,
			HostIP: address(198, 18, index/podsPerNode), PodIP: ip, PodIPs: []corev1.PodIP{{IP: ip}},
			ContainerStatuses: []corev1.ContainerStatus{{
				Name: "main", Image: image, Ready: true, Started: &yes, RestartCount: int32(index % 4),
				State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}},
			}},
		},
	}
}

func nodeName(namespace, suffix string) string { return namespace + "-node-" + suffix }

// address is the index-th of a range that starts at first.second; nodes are in 198.18.0.0/15, set apart for benchmarks (RFC 2544).
func address(first, second, index int) string {
	return fmt.Sprintf("%d.%d.%d.%d", first, second+index/62500, index/250%250, index%250+1)
}

func newUID() types.UID { return types.UID(uuid.NewString()) }
