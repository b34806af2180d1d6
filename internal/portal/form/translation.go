package form

import (
	"fmt"
	"reflect"
	"strings"
)

// Untranslated names the texts below v that have no Tatar or no English, as «fee.note: tt», so that an
// editor sees what citizens will read in Russian. It looks through structs, lists and maps; names are
// those of the YAML file. A missing translation is never a mistake of a definition: Russian is shown.
func Untranslated(v any) []string {
	var out []string
	walkTexts(reflect.ValueOf(v), "", func(at string, t Text) {
		if t.RU == "" {
			return
		}
		if t.TT == "" {
			out = append(out, at+": tt")
		}
		if t.EN == "" {
			out = append(out, at+": en")
		}
	})
	return out
}

func walkTexts(v reflect.Value, at string, visit func(string, Text)) {
	if !v.IsValid() {
		return
	}
	if v.Type() == reflect.TypeFor[Text]() {
		visit(at, v.Interface().(Text))
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		walkTexts(v.Elem(), at, visit)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walkTexts(v.Index(i), at+place(v.Index(i), i), visit)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			walkTexts(v.MapIndex(k), at+"."+fmt.Sprint(k), visit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				walkTexts(v.Field(i), join(at, f), visit)
			}
		}
	}
}

// place names an item of a list as its author does: by id, code or value, else by its number.
func place(v reflect.Value, i int) string {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct {
		for _, name := range []string{"ID", "Code", "Value"} {
			if f := v.FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
				return "[" + f.String() + "]"
			}
		}
	}
	return fmt.Sprintf("[%d]", i+1)
}

func join(at string, f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case name == "" && f.Anonymous:
		return at
	case name == "":
		name = strings.ToLower(f.Name)
	}
	if at == "" {
		return name
	}
	return at + "." + name
}
