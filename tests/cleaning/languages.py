"""A short text in each of many languages, written for these tests, with the letters and quotes that the language uses."""

TEXTS = {
    "en": "The old café at the corner was never empty. “My dear Zoë,” said the curate, “your naïve fiancé has left his "
    "résumé on the table — and, I fear, his hat.” She laughed; the bill was £5, and the dish was called “à la mode”. "
    "“Très well,” he added, “the façade of this hôtel is older than Cæsar’s wall.” They walked home in the rain…",
    "de": "Über den Hügeln stand früh am Morgen ein dünner Nebel. „Hörst du die Vögel?“, fragte Käthe und öffnete die "
    "Tür. Draußen auf der Straße gingen müde Männer mit großen Säcken; sie grüßten höflich und zogen weiter. Ähnlich "
    "war es im Jahr zuvor gewesen – nur daß die Äpfel süßer waren. „Möchtest du Öl für die Lampe?“ Er schüttelte den Kopf.",
    "fr": "L’été dernier, nous étions à la campagne, près d’une forêt où les chênes étaient déjà jaunes. « Où êtes-vous ? » "
    "cria une voix au-delà du fossé. Ma sœur leva la tête : c’était le garçon du château, tout mouillé. Il avait reçu une "
    "lettre de sa mère et cherchait à la lire sans être vu. Ça lui plaît, dit-elle, grâce à Noël et à ses bûches.",
    "es": "El niño corrió por el jardín hasta la fuente. «¿Dónde está mi corazón?», preguntó la señora, y nadie respondió. "
    "Después llegó el médico con su hermano pequeño; traían limón, azúcar y pan. ¡Qué mañana tan fría! Había nieve en las "
    "montañas, y el pingüino de cartón cayó al suelo. También vendrá mañana Ángel, según me escribió Íñigo.",
    "it": "La città era già sveglia quando il caffè fu pronto. Perché non è venuto? «Così è la vita», disse la zia, e andò "
    "giù in cortile. Lunedì arrivò il dottore; però non trovò nessuno, né padre né figlio. Più tardi si udì una voce: era "
    "l’abate, che cercava la verità e la bontà. Ciò che poté fare, lo farà; e sarà felicità per tutta la comunità.",
    "pt": "A manhã não começou bem. O coração do avô batia depressa, e as mãos tremiam. «Você está à espera de quê?», "
    "perguntou a irmã. Ninguém respondeu; só o cão latiu três vezes. Depois da refeição, a avó contou a história do "
    "príncipe que perdeu o anel. É difícil, dizia ela, não ter saudades. Os pães e os limões estão sobre a mesa, João.",
    "nl": "Het was een koude februariavond. „Hé, zie je de zeeën daar?” riep België’s oudste schipper. De knieën deden hem "
    "pijn, maar hij zei niets; één keer nog wilde hij de ruïne zien. De coördinatie was slecht, de financiën waren op, en "
    "het reünistenfeest kwam te vroeg. ‘Ideeën genoeg,’ zei hij, ‘maar geen geld voor de patiënten.’ Zo bleef het vóór hem.",
    "sv": "På våren gick älven högt över stenarna. ”Är du där?” ropade flickan från ön, men ingen svarade. Då såg hon en "
    "båt som låg långt ute; två män rodde och sjöng. Åskan mullrade, och gräset böjde sig för vinden. Hennes bröder hade "
    "gått hem för att hämta bröd, mjölk och en gammal kälke. Över allt detta lyste månen, blå och kall.",
    "da": "På øen lå en lille gård med røde døre. »Hvor går du hen?« spurgte drengen, der så på søen. Hans mor bar brød og "
    "æbler i en kurv; hun var træt efter den lange vej. Åen løb stille forbi, og ænderne svømmede rundt mellem sivene. "
    "Først da månen stod højt, kom færgen. Ingen sagde noget, men alle følte, at året var ved at gå på hæld.",
    "fi": "Äiti istui pöydän ääressä ja söi hiljaa. ”Missä sinä olit yöllä?” hän kysyi. Tyttö käänsi päänsä pois eikä "
    "sanonut mitään. Järven jää oli jo heikkoa, ja kevään ensimmäiset linnut lensivät metsän yli. Sitten tuli vieras mies, "
    "jolla oli märkä hattu ja väsyneet hevoset. Ehkä hän jäisi tänne; ehkä hän lähtisi pian Åboon päin.",
    "pl": "Była już późna jesień, gdy stary żołnierz wrócił do wsi. „Gdzie są moje dzieci?” – zapytał cicho. Nikt nie "
    "odpowiedział, tylko pies zaszczekał za płotem. Łąki były mokre, a ścieżka prowadziła przez gęsty las. Wieczorem "
    "usiedli przy ogniu i jedli chleb ze śmietaną. Źle się dzieje, mówiła babka, lecz jeszcze będzie świąteczny dzień.",
    "cs": "Byl pozdní večer, když přišel starý muž k řece. „Kde je tvůj kůň?“ zeptal se převozník. Nikdo neodpověděl, jen "
    "vítr šuměl v topolech. Potom se objevila dívka v bílých šatech a nesla košík plný třešní. Řekla, že za horou žije "
    "čaroděj, který umí měnit déšť ve stříbro. Žádný člověk tomu nevěřil, ale každý chtěl slyšet ještě další příběh.",
    "hu": "Az öreg kőműves lassan ment az úton. „Hová mész, te fiú?” – kérdezte a leányt őrző asszony. Nem felelt senki, "
    "csak a szél fújt a fűzfák között. Később eljött az idő, amikor minden gyümölcs megérett, és a gyerekek örültek az "
    "első szőlőnek. Őszinte ember volt, de szűkszavú; tűz mellett ült, és régi történetekről álmodott. Így múlt el az év.",
    "ro": "Într-o dimineață rece, bătrânul ieși din casă și privi câmpul. „Unde ești, fată dragă?” întrebă el. Nimeni nu "
    "răspunse, doar vântul sufla printre sălcii. Apoi veni băiatul cu pâine și brânză, iar câinele îl însoțea. Țăranii "
    "știau că iarna va fi grea; își strângeau lemnele și așteptau sărbătorile. Încă o zi, spuse mama, și totul va fi în ordine.",
    "hr": "Bila je kišna večer kad je stari ribar došao kući. „Gdje su moja djeca?“ upitao je tiho. Žena je šutjela, a pas je "
    "lajao ispred vrata. Šuma je bila mračna; čuo se samo vjetar među borovima. Sljedeći dan došao je đak iz grada i donio "
    "pismo. Čovjek ga je pročitao, zatim je uzdahnuo i rekao: život ide dalje, a ništa više neće biti isto.",
    "tr": "Yaşlı adam sabah erkenden köyden çıktı. “Oğlum nerede?” diye sordu, ama kimse cevap vermedi. Dağların üstünde "
    "ince bir sis vardı; kuşlar ağaçların arasında ötüşüyordu. Sonra bir kız geldi, elinde süt ve ekmek vardı. İyi günler, "
    "dedi, içeri girin. Çocuklar şaşkınlıkla bakıyor, gülüşüyordu. Işık söndüğünde yağmur başladı ve gece çok uzun sürdü.",
    "lt": "Vieną šaltą rytą senelis išėjo į mišką. „Kur tu eini?“ – paklausė kaimynė. Jis nieko neatsakė, tik pažiūrėjo į "
    "dangų. Ąžuolai buvo pageltę, o žemė kvepėjo lietumi. Vėliau grįžo su grybais ir uogomis; vaikai džiaugėsi, šokinėjo "
    "aplink stalą. Žiema bus ilga, tarė močiutė, bet mūsų namuose šilta. Čia niekas nesijaučia vienišas, ir ugnis dega.",
    "ru": "Старый рыбак вышел из дома рано утром. Над рекой стоял густой туман, и ничего не было видно. Где мои дети? "
    "спросил он у соседки. Она молчала и смотрела в сторону леса. Потом подул ветер, и лодка тихо поплыла вниз по течению. "
    "Вечером все собрались у огня, ели хлеб и рыбу, рассказывали старые сказки. Ещё долго горел свет в окне.",
    "uk": "Старий чоловік вийшов із хати рано-вранці. Над річкою стояв густий туман, і нічого не було видно. Де мої діти? "
    "спитав він у сусідки. Вона мовчала й дивилася в бік лісу. Потім повіяв вітер, і човен тихо поплив униз за течією. "
    "Увечері всі зібралися біля вогню, їли хліб і юшку, розповідали давні казки. Її очі світилися, як зорі.",
    "bg": "Старият рибар излезе от къщи рано сутринта. Над реката имаше гъста мъгла и нищо не се виждаше. Къде са децата "
    "ми? попита той съседката. Тя мълчеше и гледаше към гората. После духна вятър и лодката тихо тръгна надолу. Вечерта "
    "всички се събраха край огъня, ядоха хляб и риба и разказваха стари приказки. Щастието беше близо до тях.",
    "el": "Ο γέρος ψαράς βγήκε από το σπίτι νωρίς το πρωί. Πάνω από το ποτάμι υπήρχε πυκνή ομίχλη και τίποτα δεν φαινόταν. "
    "Πού είναι τα παιδιά μου; ρώτησε τη γειτόνισσα. Εκείνη σώπαινε και κοίταζε προς το δάσος. Ύστερα φύσηξε άνεμος και η "
    "βάρκα κύλησε αργά. Το βράδυ όλοι μαζεύτηκαν γύρω από τη φωτιά, έφαγαν ψωμί και είπαν παλιές ιστορίες. Έτσι έγινε.",
    "he": "הדייג הזקן יצא מביתו מוקדם בבוקר. מעל הנהר עמד ערפל כבד ודבר לא נראה. איפה הילדים שלי? שאל את השכנה. היא שתקה "
    "והביטה אל היער. אחר כך נשבה רוח והסירה שטה לאט במורד הזרם. בערב התאספו כולם סביב האש, אכלו לחם ודגים וסיפרו סיפורים "
    "ישנים. עוד זמן רב דלק האור בחלון, והכלב ישן על סף הדלת. ככה עברו הימים עד שבא החורף הארוך.",
    "ar": "خرج الصياد العجوز من بيته في الصباح الباكر. كان فوق النهر ضباب كثيف ولم يظهر شيء. أين أولادي؟ سأل جارته. سكتت "
    "المرأة ونظرت إلى الغابة. ثم هبت الريح وسار القارب ببطء مع الماء. في المساء اجتمع الجميع حول النار وأكلوا الخبز والسمك "
    "وحكوا حكايات قديمة. ظل الضوء في النافذة وقتا طويلا، ونام الكلب عند الباب حتى جاء الشتاء.",
    "th": "ชายชราออกจากบ้านแต่เช้าตรู่ เหนือแม่น้ำมีหมอกหนาจนมองไม่เห็นอะไรเลย ลูกของฉันอยู่ที่ไหน เขาถามเพื่อนบ้าน เธอเงียบและมองไปทางป่า "
    "ต่อมาลมพัดแรงและเรือก็ลอยไปตามน้ำช้าๆ ตอนเย็นทุกคนมารวมกันรอบกองไฟ กินข้าวกับปลาแล้วเล่านิทานเก่าให้เด็กฟัง แสงไฟยังสว่างอยู่นาน",
    "zh": "老人清早就出了门。河上起了大雾，什么也看不见。我的孩子在哪里？他问邻居的女人。她没有说话，只是看着远处的树林。后来刮起了风，小船慢慢地"
    "往下走。晚上大家坐在火边，吃面包和鱼，讲从前的故事。窗子里的灯还亮了很久，狗睡在门口。冬天来了，雪落在屋顶上，谁也不知道明天会怎么样。",
    "zh-hant": "老人清早就出了門。河上起了大霧，什麼也看不見。我的孩子在哪裡？他問鄰居的女人。她沒有說話，只是看著遠處的樹林。後來颳起了風，小船慢慢"
    "地往下走。晚上大家坐在火邊，吃麵包和魚，講從前的故事。窗子裡的燈還亮了很久，狗睡在門口。冬天來了，雪落在屋頂上，誰也不知道明天會怎麼樣。",
    "ja": "老人は朝早く家を出た。川の上には深い霧がかかって、何も見えなかった。子供たちはどこにいるのか、と隣の女に聞いた。女は黙って森の方を見て"
    "いた。やがて風が吹き、小さな舟はゆっくりと流れて行った。夜になると、みんな火のまわりに集まり、パンと魚を食べて昔の話をした。窓の明かりは長い間ついていた。",
    "ko": "노인은 아침 일찍 집을 나섰다. 강 위에는 짙은 안개가 끼어 아무것도 보이지 않았다. 내 아이들은 어디에 있습니까, 하고 이웃 여자에게 "
    "물었다. 여자는 말없이 숲을 바라보았다. 그때 바람이 불고 작은 배는 천천히 흘러갔다. 저녁에 모두 불가에 모여 빵과 물고기를 먹고 옛날 이야기를 했다.",
}


def text_of(language: str, characters: int) -> str:
    """The text of `language`, cut or repeated to `characters`, with its sentences in turn, wrapped into lines."""
    base = TEXTS[language]
    sentences = [part for part in base.replace("。", "。\0").replace(". ", ". \0").split("\0") if part]
    text, turn = "", 0
    while len(text) < characters:
        # Another order in each round, so that a longer text is not the same line again and again.
        text += "".join(sentences[turn % len(sentences) :] + sentences[: turn % len(sentences)]).strip() + "\n"
        turn += 1
    return text[:characters]
