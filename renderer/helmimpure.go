package main

import (
	"maps"
	"reflect"
	"slices"
	"text/template"
	"time"
	_ "time/tzdata" // the sandbox has no files of time zones

	"github.com/Masterminds/sprig/v3"
)

// impureFunctions give something else at each call.
var impureFunctions = []string{
	"randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle", "uuidv4",
	"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey",
	"genSignedCert", "genSignedCertWithKey", "bcrypt", "htpasswd", "encryptAES", "now", "ago",
}

// datedFunctions print the time of now when this argument is no time.
var datedFunctions = map[string]int{
	"date": 1, "date_in_zone": 1, "dateInZone": 1, "htmlDate": 0, "htmlDateInZone": 0,
}

var pureFunctions = sprig.TxtFuncMap()

// impureUse remembers which impure functions templates called.
type impureUse map[string]bool

func (u impureUse) names() []string { return slices.Sorted(maps.Keys(u)) }

// functions are the impure ones, each telling of its use.
func (u *impureUse) functions() template.FuncMap {
	*u = impureUse{}
	watched := template.FuncMap{}
	for _, name := range impureFunctions {
		watched[name] = u.watched(name, func([]reflect.Value) bool { return true })
	}
	for name, place := range datedFunctions {
		watched[name] = u.watched(name, func(arguments []reflect.Value) bool { return !isTime(arguments[place].Interface()) })
	}
	return watched
}

// watched wraps a function of sprig's in one of the same type.
func (u *impureUse) watched(name string, isImpure func(arguments []reflect.Value) bool) any {
	function := reflect.ValueOf(pureFunctions[name])
	return reflect.MakeFunc(function.Type(), func(arguments []reflect.Value) []reflect.Value {
		if isImpure(arguments) {
			(*u)[name] = true
		}
		if function.Type().IsVariadic() {
			return function.CallSlice(arguments)
		}
		return function.Call(arguments)
	}).Interface()
}

// isTime tells what sprig takes for a time.
func isTime(value any) bool {
	switch value.(type) {
	case time.Time, *time.Time, int64, int, int32:
		return true
	}
	return false
}
