package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/keys"
	"github.com/getsops/sops/v3/kms"
	"github.com/getsops/sops/v3/pgp"
	"github.com/getsops/sops/v3/stores/dotenv"
	sopsjson "github.com/getsops/sops/v3/stores/json"
	"github.com/getsops/sops/v3/stores/yaml"
)

// keyholder is a parent with keys: it unwraps as the key service of a project does.
type keyholder struct {
	*memory
	keys unwrapParams
}

func (k keyholder) Unwrap(wrapped []WrappedKey) ([]byte, error) {
	params := k.keys
	params.Keys = wrapped
	raw, _ := json.Marshal(params)
	answer, err := unwrapKeys(raw, nil)
	if err != nil {
		return nil, err
	}
	var found []struct{ Key []byte }
	err = json.Unmarshal(answer.Manifests, &found)
	return found[0].Key, err
}

func ageIdentity(t *testing.T) *age.X25519Identity {
	t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return identity
}

func ageKey(t *testing.T, identity *age.X25519Identity) keys.MasterKey {
	t.Helper()
	key, err := sopsage.MasterKeyFromRecipient(identity.Recipient().String())
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// seal encrypts as the sops command does.
func seal(t *testing.T, store sops.Store, plain string, groups ...sops.KeyGroup) string {
	t.Helper()
	branches, err := store.LoadPlainFile([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	tree := sops.Tree{Branches: branches, Metadata: sops.Metadata{
		KeyGroups: groups, LastModified: time.Now().UTC(), Version: "3.13.3", EncryptedRegex: "^(data|stringData)$",
		ShamirThreshold: len(groups),
	}}
	if _, plainJSON := store.(*dotenv.Store); plainJSON || strings.HasPrefix(plain, "raw:") {
		tree.Metadata.EncryptedRegex = ""
	}
	key := bytes.Repeat([]byte{7}, 32)
	wrapAll(t, &tree, key)
	mac, err := tree.Encrypt(key, aes.NewCipher())
	if err != nil {
		t.Fatal(err)
	}
	tree.Metadata.MessageAuthenticationCode, err = aes.NewCipher().Encrypt(mac, key, tree.Metadata.LastModified.Format(time.RFC3339))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := store.EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	return string(sealed)
}

func wrapAll(t *testing.T, tree *sops.Tree, key []byte) {
	t.Helper()
	for _, group := range tree.Metadata.KeyGroups {
		for _, master := range group {
			if _, other := master.(*kms.MasterKey); other {
				continue
			}
			if len(master.EncryptedDataKey()) > 0 {
				continue
			}
			if err := master.Encrypt(key); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func yamlStore() sops.Store { return yaml.NewStore(&config.YAMLStoreConfig{}) }

const secretYAML = `apiVersion: v1
kind: Secret
metadata:
    name: token
stringData:
    password: canary-4711
    "on": "010"
`

func opened(t *testing.T, keys unwrapParams, files map[string]string) (*Answer, error) {
	t.Helper()
	source := &unsealing{Source: keyholder{newMemory(files), keys}}
	raw := `{"path": "", "recurse": true, "limits": {"combined_bytes": 100000, "files": 10, "entries": 10, "depth": 50,
		"output_bytes": 100000, "manifests": 10, "path_bytes": 100, "warnings": 10}}`
	answer, err := renderDirectory(json.RawMessage(raw), source)
	if answer != nil {
		answer.Unsealed = source.opened
	}
	return answer, err
}

func TestSealedFilesAreOpened(t *testing.T) {
	identity := ageIdentity(t)
	group := sops.KeyGroup{ageKey(t, identity)}
	plain := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: plain}\n"
	jsonStore := sopsjson.NewStore(&config.JSONStoreConfig{Indent: -1})
	answer, err := opened(t, unwrapParams{Age: []string{"# a comment\n" + identity.String() + "\n"}}, map[string]string{
		"a.yaml": seal(t, yamlStore(), secretYAML, group),
		"b.json": seal(t, jsonStore, `{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "j"}, "stringData": {"a": "b"}}`, group),
		"c.yaml": plain,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(answer.Manifests); !strings.Contains(got, `"password":"canary-4711"`) || !strings.Contains(got, `"on":"010"`) || strings.Contains(got, "sops") {
		t.Error(got)
	}
	if got := strings.Join(answer.Unsealed, " "); got != "a.yaml b.json" {
		t.Error(got)
	}
}

func TestAFileOfSeveralDocumentsIsOpened(t *testing.T) {
	identity := ageIdentity(t)
	two := secretYAML + "---\n" + strings.Replace(secretYAML, "token", "other", 1)
	answer, err := opened(t, unwrapParams{Age: []string{identity.String()}}, map[string]string{
		"a.yaml": seal(t, yamlStore(), two, sops.KeyGroup{ageKey(t, identity)}),
	})
	if err != nil || len(answer.Origins) != 2 || strings.Count(string(answer.Manifests), "canary-4711") != 2 {
		t.Errorf("%v %+v", err, answer)
	}
}

func TestSealedFilesThatDoNotOpenAreNamed(t *testing.T) {
	identity, stranger := ageIdentity(t), ageIdentity(t)
	sealed := seal(t, yamlStore(), secretYAML, sops.KeyGroup{ageKey(t, identity)})
	aws := seal(t, yamlStore(), secretYAML, sops.KeyGroup{&kms.MasterKey{Arn: "arn:aws:kms:eu-west-1:1:key/k", EncryptedKey: "x", CreationDate: time.Now()}})
	mine := unwrapParams{Age: []string{identity.String()}}
	for name, row := range map[string]struct {
		file string
		keys unwrapParams
		want string
	}{
		"another's key":    {sealed, unwrapParams{Age: []string{stranger.String()}}, "is sealed by SOPS for age " + identity.Recipient().String() + ": none of the project's keys opens it"},
		"no key":           {sealed, unwrapParams{}, "the project has no age key"},
		"no keys at all":   {sealed, unwrapParams{Age: []string{"rubbish"}}, "the project's age keys do not read"},
		"a KMS":            {aws, mine, "is sealed by SOPS with AWS KMS, which is not supported: seal it for an age or PGP key too"},
		"a plain value":    {strings.Replace(sealed, "name: token", "name: other", 1), mine, "its MAC does not match"},
		"a swapped value":  {strings.Replace(sealed, "password:", "passport:", 1), mine, "was changed after sealing"},
		"broken metadata":  {strings.Replace(sealed, "lastmodified:", "lastmodifeid:", 1), mine, "its metadata do not read"},
		"no MAC":           {withoutLine(sealed, "    mac:"), mine, "its MAC does not match"},
		"no keys named":    {withoutKeys(sealed), mine, "its metadata do not read"},
		"metadata in flow": {"{sops: {mac: 'ENC[AES256_GCM,data:x]'}, kind: Secret}", mine, "its metadata do not read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := opened(t, row.keys, map[string]string{"a.yaml": row.file})
			var fault *Fault
			if !errors.As(err, &fault) || fault.Code != CodeSealed || fault.Path != "a.yaml" || !strings.Contains(fault.Message, row.want) {
				t.Fatalf("%v", err)
			}
			if strings.Contains(fault.Message, "canary") || strings.Contains(fault.Message, "ENC[") || strings.Contains(fault.Message, identity.String()) {
				t.Errorf("it quotes: %s", fault.Message)
			}
		})
	}
}

func withoutLine(text, start string) string {
	lines := strings.Split(text, "\n")
	kept := lines[:0:0]
	for _, line := range lines {
		if !strings.HasPrefix(line, start) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

func withoutKeys(text string) string {
	from, to := strings.Index(text, "    age:"), strings.Index(text, "    lastmodified:")
	return text[:from] + text[to:]
}

func TestAPGPKeyOpensAndALockedOneIsNamed(t *testing.T) {
	entity, err := openpgp.NewEntity("tests", "", "tests@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	data := bytes.Repeat([]byte{7}, 32)
	var wrapped bytes.Buffer
	armored, _ := armor.Encode(&wrapped, "PGP MESSAGE", nil)
	plain, err := openpgp.Encrypt(armored, []*openpgp.Entity{entity}, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain.Write(data)
	plain.Close()
	armored.Close()
	key := pgp.NewMasterKeyFromFingerprint("0123456789ABCDEF0123456789ABCDEF01234567")
	key.SetEncryptedDataKey(wrapped.Bytes())
	sealed := seal(t, yamlStore(), secretYAML, sops.KeyGroup{key})

	answer, err := opened(t, unwrapParams{PGP: []string{exported(t, entity)}}, map[string]string{"a.yaml": sealed})
	if err != nil || !strings.Contains(string(answer.Manifests), "canary-4711") {
		t.Errorf("%v", err)
	}
	if err := entity.EncryptPrivateKeys([]byte("secret"), nil); err != nil {
		t.Fatal(err)
	}
	_, err = opened(t, unwrapParams{PGP: []string{exported(t, entity)}}, map[string]string{"a.yaml": sealed})
	if err == nil || !strings.Contains(err.Error(), "locked by a passphrase") {
		t.Errorf("%v", err)
	}
}

func exported(t *testing.T, entity *openpgp.Entity) string {
	t.Helper()
	var out bytes.Buffer
	armored, _ := armor.Encode(&out, openpgp.PrivateKeyType, nil)
	if err := entity.SerializePrivateWithoutSigning(armored, nil); err != nil {
		t.Fatal(err)
	}
	armored.Close()
	return out.String()
}

func TestAKeyGroupOfSeveralNeedsAllOfThem(t *testing.T) {
	first, second := ageIdentity(t), ageIdentity(t)
	groups := []sops.KeyGroup{{ageKey(t, first)}, {ageKey(t, second)}}
	tree := sops.Tree{Metadata: sops.Metadata{KeyGroups: groups, ShamirThreshold: 2}}
	if _, errs := tree.GenerateDataKey(); len(errs) > 0 {
		t.Fatal(errs)
	}
	_, err := opened(t, unwrapParams{Age: []string{first.String()}}, map[string]string{"a.yaml": seal(t, yamlStore(), secretYAML, groups...)})
	if err == nil || !strings.Contains(err.Error(), second.Recipient().String()) {
		t.Errorf("%v", err)
	}
}

func TestInputsOfGeneratorsAreOpenedWhateverTheirNames(t *testing.T) {
	identity := ageIdentity(t)
	group := sops.KeyGroup{ageKey(t, identity)}
	binary := sopsjson.NewBinaryStore(&config.JSONBinaryStoreConfig{Indent: -1})
	env := dotenv.NewStore(&config.DotenvStoreConfig{})
	for name, sealed := range map[string]string{
		"app.env":      seal(t, env, "PASSWORD=canary-4711\n", group),
		"settings":     seal(t, env, "PASSWORD=canary-4711\n", group),
		"keystore.bin": seal(t, binary, "raw:PASSWORD=canary-4711", group),
	} {
		source := &unsealing{Source: keyholder{newMemory(map[string]string{name: sealed}), unwrapParams{Age: []string{identity.String()}}}}
		contents, err := source.Read("", []string{name}, 100000)
		if err != nil || !strings.Contains(string(contents[0].Data), "PASSWORD=canary-4711") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatOnlySpeaksOfSOPSIsLeftAlone(t *testing.T) {
	for name, text := range map[string]string{
		"values.yaml": "sops:\n  enabled: true\n",
		"doc.yaml":    "kind: ConfigMap\ndata:\n  example: |\n    sops:\n      mac: ENC[AES256_GCM,data:abc]\n",
		"README.md":   "sops: writes ENC[AES256_GCM,data:…]\n",
		"empty.yaml":  "",
	} {
		if storeOf(name, []byte(text)) != nil {
			t.Errorf("%s is taken for sealed", name)
		}
	}
}
