package catalogue

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// normalMiss is the form in which searches are compared; "" for what is not counted:
// too short or long, a sentence, an address, a name, a number longer than those that
// forms and certificates have («2-НДФЛ», «форма 086/у»).
func normalMiss(query string) string {
	query = trimQuery(query)
	if strings.ContainsAny(query, "@") || namesSomebody(query) {
		return ""
	}
	words := strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(query), "ё", "е"), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '/'
	})
	letters, digits := 0, 0
	for _, r := range query {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	if letters == 0 || digits > maxMissDigits || len(words) > maxMissWords || digits > 0 && slices.ContainsFunc(words, func(w string) bool { return slices.Contains(addressWords, w) }) {
		return ""
	}
	out := strings.Join(words, " ")
	if n := letters + digits; n < minMiss || len([]rune(out)) > maxMiss {
		return ""
	}
	return out
}

// maxMissDigits is what the name of a form may have; SNILS, phones, documents, dates
// and most flats have more.
const maxMissDigits = 3

// addressWords beside a digit are somebody's address.
var addressWords = strings.Fields("ул улица д дом кв квартира пр пр-т проспект пер переулок пл площадь бульвар б-р шоссе проезд мкр микрорайон г город село деревня поселок пгт снт урам йорт фатир шәһәр авыл")

var (
	// patronymic: Петрович, Петровны, Ильиничной, Кузьмича; Рашит улы, Айгөл кызы.
	patronymic = regexp.MustCompile(`^\p{L}{2,}(?:[ое]вич|[ое]вн|иничн|ильич|кузьмич|лукич|фомич|никитич|саввич)(?:а|у|ы|е|ой|ою|ем|ей)?$`)
	// initial: «Иванов И. И.», «И.И. Иванов».
	initial = regexp.MustCompile(`(?:^|[\s.,])\p{L}\.`)
	// capital: «Иванов И И», which no preposition is beside lower-case words.
	capitals = regexp.MustCompile(`\p{Ll}\s+\p{Lu}(?:\s+\p{Lu})?$|^\p{Lu}(?:\s+\p{Lu})?\s+\p{Lu}\p{Ll}`)
)

// namesSomebody tells that a query looks like the name of a person. It is on the safe
// side: a wrong guess loses one count.
func namesSomebody(query string) bool {
	if initial.MatchString(query) || capitals.MatchString(query) {
		return true
	}
	words := strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(query), "ё", "е"), func(r rune) bool { return !unicode.IsLetter(r) })
	for i, w := range words {
		if patronymic.MatchString(w) || i > 0 && slices.Contains([]string{"улы", "кызы", "оглы"}, w) {
			return true
		}
		// «Анна» and «Анны», «Иван» and «Ивану».
		if givenNames[w] || len([]rune(w)) > 3 && (givenNames[cutLast(w)] || givenNames[cutLast(w)+"а"] || givenNames[cutLast(w)+"я"]) {
			return true
		}
	}
	return false
}

func cutLast(w string) string {
	r := []rune(w)
	return string(r[:len(r)-1])
}

// givenNames are the most frequent ones of Russia and Tatarstan (ё as е), without
// those that services are called by too: Вера, Надежда, Любовь, Роза, Лев.
var givenNames = func() map[string]bool {
	out := map[string]bool{}
	for _, n := range strings.Fields(`
		александр александра алексей алена алина алиса алла альберт анастасия анатолий ангелина андрей анна антон антонина арсений артем артур
		богдан борис вадим валентин валентина валерий валерия варвара василий василиса вероника виктор виктория виталий владимир владислав вячеслав
		галина геннадий георгий глеб григорий данил данила даниил дарья денис диана дмитрий евгений евгения егор екатерина елена елизавета
		зинаида зоя иван игорь илья инна ирина карина кирилл клавдия константин кристина ксения лариса леонид лидия лилия людмила
		максим маргарита марина марк мария матвей михаил наталья наталия никита николай нина оксана олег олеся ольга
		павел петр полина раиса регина римма роман руслан светлана семен сергей софия софья станислав степан
		таисия тамара тарас татьяна тимофей тимур ульяна федор филипп эдуард элина эльвира эмма юлия юрий яна ярослав
		азат азамат айгуль айдар айрат айсылу алмаз альбина альфия амина амир анвар асия булат венера винера гузель гульнара гульнур гульшат дамир динара дильбар
		загир зарина зульфия ильгиз ильдар ильдус ильнар ильнур ильсур индира камиль лейла ленар линар марат марсель мунир наиль наиля нурия радик рамиль ранис расим
		рафаэль рафик рашид рашит ренат ринат роберт рузиля рустам рустем салават самат сания талгат фанис фарид фарида фатима фируза хамит чулпан эльмира эмиль`) {
		out[n] = true
	}
	return out
}()
