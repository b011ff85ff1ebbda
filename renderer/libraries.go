package main

// The languages' official libraries; each line goes when the file of its language takes it up.
import (
	_ "github.com/Masterminds/semver/v3"
	_ "github.com/Masterminds/sprig/v3"
	_ "github.com/getsops/sops/v3/age"
	_ "github.com/getsops/sops/v3/decrypt"
	_ "github.com/getsops/sops/v3/keyservice"
	_ "github.com/getsops/sops/v3/pgp"
	_ "github.com/getsops/sops/v3/stores/dotenv"
	_ "github.com/getsops/sops/v3/stores/ini"
	_ "github.com/getsops/sops/v3/stores/json"
	_ "github.com/getsops/sops/v3/stores/yaml"
	_ "github.com/itchyny/gojq"
	_ "github.com/yuin/gopher-lua"
	_ "helm.sh/helm/v4/pkg/chart/common"
	_ "helm.sh/helm/v4/pkg/chart/common/util"
	_ "helm.sh/helm/v4/pkg/chart/loader"
	_ "helm.sh/helm/v4/pkg/chart/v2/loader"
	_ "helm.sh/helm/v4/pkg/chart/v2/util"
	_ "helm.sh/helm/v4/pkg/engine"
	_ "helm.sh/helm/v4/pkg/repo/v1"
	_ "helm.sh/helm/v4/pkg/strvals"
)
