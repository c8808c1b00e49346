"""Papers as people keep them, written from patterns: contracts, manuals, minutes, letters, notes, reports.

A pattern is a text in which `{a|b}` is one of several wordings, `<slot>` is filled by chance and `[[id:words]]` marks
what answers a question. Questions are lines `id: wording | wording`, with `id=yes:` or `id=no:` for yes/no questions and
`none:` for what the text does not say. The texts and questions are the authors' own, under Apache-2.0.
"""

from __future__ import annotations

PAPERS: list[tuple[str, str, str, str]] = []  # title, section, text, questions


def _paper(title: str, section: str, text: str, questions: str) -> None:
    PAPERS.append((title, section, text.strip(), questions.strip()))


_paper(
    "{Gym membership|Contract with <company>|fitness-contract}",
    "{Terms|Membership terms|}",
    """
{Membership agreement between <company> Fitness and|This agreement is made with} <p1>.

{Monthly fee|Price}. [[fee:{<money2>|<money2> a month}]], {collected|taken by direct debit} on the [[day:<ord> of each month]]. [[join:A joining fee of <money1> was paid on <date>.]]

Notice. {Either side may end|You can end} the contract with [[notice:<small> weeks' notice]] in writing. [[freeze:{The membership can be paused|You may pause the membership} for up to <small> months a year{ in case of illness| when travelling|}.]]

Guests. [[guest:{Members may bring one guest on Sundays.|One guest is welcome on Sundays, free of charge.}]] [[shoes:{Outdoor shoes are not allowed|Street shoes may not be worn} in the hall.]] Lockers must be emptied {every evening|at closing time}; [[locker:what is left in them is kept for <small> days at the desk]].
""",
    """
fee: What do I pay for the gym? | How much is the gym a month? | What does membership cost me?
day: When is the money taken? | On which day of the month is the fee due?
notice: How far ahead do I have to cancel? | What's the notice period? | How long before leaving must I tell them?
freeze=yes: Can I put my membership on hold? | Is it possible to pause the membership? | Could I take a break without cancelling?
guest=yes: Can I take a friend along? | May I bring somebody with me on a Sunday?
shoes=no: May I wear my street shoes in there? | Can I walk in with outdoor shoes?
locker: What happens to things left in a locker? | How long do they keep what I forget in the locker?
join: What did I pay for joining? | How much was it to sign up?
none: How many members does it have? | Which classes are there on Tuesdays? | Is there a sauna? | Who is the manager of the gym?
""",
)

_paper(
    "{Vacuum cleaner|Vacuum cleaner <code>|Manual <code>}",
    "{Care|Care and storage|Maintenance}",
    """
{Changing the bag|The bag}
{Change the bag when it is two thirds full.|The bag should be changed every <small> weeks.}

[[sieve:1. Press the grey catch and open the lid.
2. Pull the bag out by its handle.
3. Push the new bag in {until it sits firmly|as far as it goes}.
4. Close the lid; {it shuts only with a bag inside|without a bag it stays open}.]]

Brush. [[salt:{Use the narrow brush|Put on the narrow brush} for {shelves|curtains}.]] [[tablet:{Even on hard floors, the bristles should be out.|Do not pull in the bristles on hard floors.}]]

[[alu:{Ashes and broken glass must not be sucked up|Never use it for ashes or plaster}; {they tear the bag|both ruin the motor}.]] [[glass:{Mattresses may be cleaned at level <small>.|Mattresses are fine at the lowest level.}]]

[[noise:If it {whistles|howls}, {check whether something is stuck in the tube|the tube is blocked}.]] The warranty ends [[warranty:<n1> months after the purchase]].
""",
    """
sieve: How do I change the bag? | How does one put in a new dust bag? | changing the bag | What do I have to do when the bag is full?
salt: What is the narrow brush for? | When do I use the narrow brush?
alu=no: Can I suck up ashes? | May ashes from the grill go into it?
glass=yes: Can I clean my mattress with it? | Is it okay for mattresses?
tablet=yes: Should the bristles be out on hard floors? | Do I need the bristles on wood?
noise: Why does it whistle? | What should I do when it howls? | it makes a noise, why
warranty: How long is the warranty? | Until when is it under guarantee? | For how long can I get it repaired for free?
none: How much power does it use? | Where can I buy spare parts? | How loud is it? | What does error E<small> mean?
""",
)

_paper(
    "Minutes {of the committee|<month> meeting|<company> choir committee}",
    "{|Minutes|Committee meeting, <date>}",
    """
Present: [[present:<p1>, <p2>, <p3> and <p4>]]. {Apologies|Absent}: [[absent:<p5>]]. {In the chair|Chair}: [[chair:<p1>]].

1. Accounts. {<p2> reported that|The treasurer, <p2>, said that} [[cash:there are <money4> in the account]], [[less:<money2> less than in <month>]].

2. {Concert|Summer concert}. {It was agreed to hold|We will hold} the concert on [[when:<date>]] in [[where:<place> Hall]]. Tickets will cost [[ticket:<money1>]]; [[free:children under <small1> come in free]]. {Posters are done by|<p3> said she would see to posters, but now they are done by} [[poster:<p4>]].

3. {Robes|New robes}. [[robes:The proposal to buy new robes was {rejected by <small> votes to 2|put off until <month> since the price is not known}.]]

4. Next meeting: [[next:<date>, <time>]], at [[host:<p3>'s {house|flat}]]. [[bring:Everyone brings {a cake|biscuits|something to drink}.]]
""",
    """
present: Who was at the meeting? | Who came to the committee meeting? | who attended
absent: Who could not come? | Who was missing? | Who sent apologies?
chair: Who led the meeting? | Who was in the chair?
cash: How much money do we have? | What's in the choir's account? | how much is left in the bank
when: On what day is the concert? | When do we sing? | date of the concert
where: Where will the concert be? | In which hall do we sing?
ticket: How much is a ticket? | What does it cost to get in? | price of the concert tickets
free=no: Do children of <tiny> have to pay? | Must small children have a ticket?
poster: Who makes the posters? | Who is in charge of the posters?
robes=no: Did we decide to buy new robes? | Are we getting new robes?
next: When do we meet again? | When is the next meeting?
host: Where will the next meeting be? | At whose place do we meet next time?
bring: What should I bring next time? | What are we supposed to bring?
none: Who plays the piano? | How many people came to last year's concert? | What did the robes cost? | Who is the new conductor?
""",
)

_paper(
    "{Letter from the insurance|Car insurance <year1>|policy-<code>}",
    "{|Your policy|What is covered}",
    """
{Dear <p1>,|Policy holder: <p1>}

{thank you for insuring your car with us|We confirm your motor policy}. The policy number is [[number:<code>-<n3>]]. It {runs from|begins on} [[from:<date>]] and is renewed every year unless it is cancelled by [[cancel:30 November]].

The yearly premium is [[premium:<money3>]]; {in the event of a claim you pay the first <money2> yourself|[[excess:you bear <money2> of each claim yourself]]}.

[[glass:Broken windows are covered{ without any excess|}.]] [[abroad:{The cover does not apply outside Europe.|Journeys outside Europe are not covered.}]] [[tyres:Tyres and {radios|things left in the car} are {excluded|not insured}.]] 

{In case of an accident|After an accident}: [[accident:take photographs, note the names of witnesses and call <phone> within <small> days]].
""",
    """
number: What's my policy number? | Which number do I give the insurer?
premium: What does the car insurance cost? | How much is the premium per year? | how much do we pay for insuring the car
cancel: By when do I have to cancel? | Until what date can the policy be stopped?
excess: How much do I pay myself if something happens? | Which part of a claim is mine?
glass=yes: Is a broken windscreen covered? | Does it pay when a window breaks?
abroad=no: Am I insured in Morocco? | Can I drive outside Europe with this cover?
tyres=no: Are the tyres insured? | Would they pay for a flat tyre?
accident: What do I do after a crash? | What should I do if I have an accident? | what to do in case of accident
from: Since when is the car insured there? | When does the cover start?
none: How much is the no-claims bonus? | Who is the second driver? | What is the car's mileage limit? | Which garage should I use?
""",
)

_paper(
    "{Handbook|Staff handbook|<company> employee handbook}",
    "{Time off|Leave|Working here > Time off}",
    """
{Holidays|Annual leave}. {Leave grows with the years of service|Leave is planned together with the team}. [[carry:{Unused days expire at the end of March|Days that are not taken by 31 March are lost}.]] {Ask|Leave is asked for} in [[tool:<company2>]], at least [[ahead:<small> weeks before]] it begins.

Illness. [[ill:{Tell your lead before <time> on the first day.|Send a message to your lead by <time> on the first day.}]] [[note:{A doctor's note is needed from the <ord3> day on.|From the <ord3> day you have to hand in a doctor's note.}]] 

Parents. {New parents|Both parents} get [[parents:<small2> weeks at full pay]]{, to be taken within the first year|}. [[part:{You may come back part-time|Coming back part-time is possible}, {after agreeing on it with your lead|if you tell us two months before}.]]

[[work:We do not {ask for|expect} answers to mail in the evening or at weekends.]] [[second:A second job has to be {reported|announced} and must not {compete with ours|be with a competitor}.]]
""",
    """
carry=no: Can I keep my holiday for next summer? | May unused leave be carried over for good?
carry: What happens to days I did not use? | Until when must I take last year's leave?
tool: Where do I request time off? | What program is leave booked in?
ahead: How early must I ask for a holiday? | How long beforehand do I hand in my leave?
ill: What must I do when I'm sick? | How do I call in sick? | I am ill, who do I tell
note: From when on do I need a sick note? | When is a certificate from the doctor necessary?
parents: How long can I stay home with a new baby? | How many weeks does parental leave last?
part=yes: Could I work fewer hours after my baby is born? | Is part-time possible after parental leave?
work=no: Do I have to read mail at night? | Am I supposed to answer messages on Saturday?
second=yes: May I have another job? | Am I allowed to work somewhere else on the side?
none: How much is the Christmas bonus? | Who is head of personnel? | Do we get a company car? | What is the dress code?
""",
)

_paper(
    "{Recipe|<food> soup|Grandmother's recipes}",
    "{<food> soup|Soups > <food>|}",
    """
{For <small> people|Serves <small>}. Time: [[time:<n2> minutes]].

You need:
[[list:- <n3> g {<food>|<food>s}
- 2 onions
- <small> cloves of garlic
- 1 litre of {vegetable|chicken} stock
- {a cup of cream|a little butter}]]

1. {Fry the onions slowly until they are soft|Soften the onions in butter}, [[onion:about <n1> minutes]].
2. Add the <food> and the stock and {let it cook|simmer} for [[cook:<n2> minutes]].
3. [[blend:Blend it while it is hot]], {then add the cream|then season it}.

[[boil:{It must not boil once the cream is in; it would curdle.|Do not let it boil after that, since cream curdles.}]] It keeps [[keep:<small> days in the fridge]]. [[freeze:It {warms up well|can be warmed up} {in the microwave|over a low flame}.]]
""",
    """
list: What goes into the <food> soup? | What do I need for the soup? | ingredients | What must I buy for the <food> soup?
cook: How long does the <food> cook? | For how many minutes must it simmer?
onion: How long do I fry the onions? 
keep: How long can I keep the soup? | For how many days is it good in the fridge?
freeze=yes: Can I warm up the soup the next day? | Is it all right to heat leftovers?
boil=no: May it boil after the cream is added? | Can I boil it again with the cream?
boil: Why must it not boil at the end? | What happens when the cream boils?
time: How long does the recipe take? | How much time do I need for the soup?
none: Who gave me the recipe? | How many calories does it have? | Which wine goes with it? | Can I use coconut milk?
""",
)

_paper(
    "{Mail from <p1>|Re: keys|<month> {trip|visit}}",
    "",
    """
{Hi|Dear} {all|<p2>},

{a few things before we leave|some notes for the house}: the keys are [[keys:{with the neighbour, <p3>|under the blue pot behind the shed|in the box by the door, code <n4>}]]. The heating is [[heating:set to <n2> degrees; please turn it down at night]]. [[bins:The {green|brown} bin goes out on {Tuesday|Thursday} evening.]] 

[[cat:The cat gets a cup of dry food in the morning and wet food at <time>.]] [[milk:{She may not have milk, it makes her ill.|No milk for her, please.}]] [[vet:The vet is Dr <last> in <place>, <phone>.]]

[[car:You are welcome to use the {car|bicycles}]]; [[fuel:it takes {diesel|petrol}]]. [[fire:Please do not light the stove, the chimney has not been swept.]] We are back on [[back:<date>]], {late|around noon}.

{Love|Best wishes|Thanks}, [[who:<p1>]]
""",
    """
keys: Where are the keys? | How do I get into the house? | Who has the keys?
heating: What about the heating? | How warm is the heating set?
bins: When does the bin go out? | On what evening do I put out the bin?
cat: What does the cat eat? | How do I feed the cat? | When is the cat fed?
milk=no: Can the cat have milk? | May I give her milk?
vet: Who is the vet? | Whom do I call if the cat is ill?
car=yes: May we use the car? | Can I borrow the bikes while I'm there?
fire=no: Can we light the stove? | May I make a fire in the evening?
fire: Why can't we use the stove? | What's wrong with the chimney?
back: When do they come home? | What day are they back?
none: What is the wifi password? | Where do they go on holiday? | How old is the cat? | Who waters the plants?
""",
)

_paper(
    "{<company> {annual report|10-K|results} <year1>|<company> Reports {Fourth|First|Third} Quarter <year1> Results}",
    "{|Overview|Item 7. Management's Discussion|Business}",
    """
{<company> today reported|For fiscal <year1>, <company> reported} net {sales|revenue} of [[sales:$<dec> billion]], {an increase of|up} [[growth:<pct>]] {compared to|from} $<dec> billion in {the prior year|fiscal <year0>}, [[why:{driven by|primarily due to} {higher prices and strong demand in <region>|the acquisition of <company2> and favorable currency effects|growth in services}]]. {Diluted earnings per share were|EPS was} [[eps:$<dec>]].

As of {year end|<date>}, the Company served [[stores:<n4> restaurants]] in <small2> states and employed [[people:approximately <big> people]], of whom [[abroad:<pct> {worked|were based} outside the United States]].

[[div:{The Board declared a quarterly dividend of $<dec0> per share, payable <date>.|The Board suspended the quarterly dividend to preserve cash.}]] {On <date>, the Company completed the acquisition of|In <month>, we acquired} [[target:<company2>]] for [[price:$<dec> billion in cash]]. [[loan:The revolving credit facility of $<n3> million matures in <year2>.]] [[ceo:<p1>]] {will head|took charge of} the finance department {from|on} <date>, succeeding [[old:<p2>]], who {retired|left the company}.

{For fiscal <year2>, the Company expects|Outlook: we expect} [[outlook:{revenue growth of <pct> and earnings per share of $<dec> to $<dec>|capital spending of about $<n3> million}]]. [[plant:We {closed|shut down} our plant in <place> in <month>.]]
""",
    """
sales: What were <company>'s sales? | How much did <company> sell in <year1>? | net sales of <company> | What was revenue in <year1>?
growth: By how much did sales grow? | How fast did <company> grow?
why: Why did sales rise? | What made <company> sell more? | What was behind the growth?
eps: How much did it earn per share? | What were the diluted earnings per share?
stores: How many restaurants does <company> serve? | number of restaurants
people: How many people work for <company>? | How large is the workforce of <company>?
abroad: What share of the staff works abroad?
target: Which firm did <company> buy? | Whom did it take over?
price: What did <company> pay for <company2>? | How much did the takeover of <company2> cost?
loan: When does the credit line run out? | Until when is the revolving facility available?
ceo: Who runs the finance department now? | Who is head of finance at <company>? | Who took over from <p2>?
old: Who did <p1> succeed? | Who held the post before <p1>?
outlook: What does <company> expect for <year2>? | What is the forecast for next year?
plant=yes: Was the plant in <place> shut down? | Is the factory in <place> closed?
none: How much did the company spend on research? | Who audits <company>? | How many patents does <company> hold? | What is <p1>'s salary? | What did <company> pay in taxes in <year0>?
""",
)

_paper(
    "{Rules of the allotment|House rules|<place> garden club}",
    "{Rules|What is not allowed|Forbidden|Please do not}",
    """
{On our grounds the following is not allowed|These things are forbidden}:

[[list:- fires in the open, {also in bowls|except on <date>}
- parking on the paths
- {keeping hens or rabbits|dogs without a lead}
- {watering|using the pump} between <time> and <time>]]

{What is fine|Allowed}: [[ok:barbecues with gas, sheds of up to <n1> square metres, and bees if the neighbours agree]]. 

[[hedge:Hedges may be <small> feet high at most.]] [[work:Each member works <small1> hours a year for the club]]; [[pay:those who cannot pay <money1> an hour instead]]. [[quiet:Quiet hours are from <time> to <time>.]]
""",
    """
list: What is forbidden? | Which things are not allowed there? | What may I not do in the garden?
ok=yes: Can I have bees? | May I use a gas barbecue? | Am I allowed to put up a shed?
list=no: May I park on the path? | Can I make a fire? | Is it okay to light a fire bowl?
hedge: How tall may the hedge be? | What's the limit for hedges?
work: How much work do I have to do for the club? | How many hours must each member help?
pay: What if I cannot do my hours? | What do I pay if I don't work?
quiet: When must I be quiet? | Between which times are quiet hours?
none: What does a plot cost? | How long is the waiting list? | Who is the chairman? | Is there a toilet?
""",
)

_paper(
    "{<code> coffee machine|Printer <code>|Camera <code> quick guide|<code> thermostat}",
    "{Troubleshooting|Help|Setting up > Battery}",
    """
{Changing the battery|The battery}
{When the sign of a battery is shown|Once a year}:

[[reset:1. {Turn the device over|Take it off the wall} and slide the cover to the left.
2. Take out the old battery {with a pencil|by its ribbon}.
3. Put in the new one with the plus sign {up|to the front}.]]

{After that the clock has to be set|[[lost:Only the clock has to be set again]]}. 

{Connecting|Wi-Fi}. [[wifi:Press the key marked with waves for <small> seconds and choose your network in the app.]] [[band:{It works with 2.4 GHz only.|5 GHz networks are not supported.}]]

Lamps. {Steady red|Red}: [[red:the tank is empty]]. {Blinking red|Orange}: [[blink:it needs descaling]]. Green: [[green:ready]].

[[water:Do not put it under running water.]] [[filter:The filter is changed every <n2> days]]; order number [[order:<code>-<n3>]].
""",
    """
reset: How do I change the battery? | How can I put in another battery? | battery change | What must I do to get a new battery in?
lost: What must be set after a new battery? | What do I have to set again?
wifi: How do I connect it to the wifi? | How does it get into my network? | connect to wlan
band=no: Does it work with 5 GHz? | Can I use it in a 5 GHz network?
red: What does the red lamp mean? | Why is the light steady red? | red light
blink: What does it mean when it blinks red? | The lamp blinks, what's wrong?
green: What does green mean?
water=no: Can I rinse it under the tap? | May I wash it under water?
filter: How often do I change the filter? | When is a new filter due?
order: What is the order number of the filter? | Which number do I order?
none: How much does it weigh? | How loud is it? | Where is it made? | How long is the guarantee?
""",
)

_paper(
    "{<company> library|City library <place>|Rules of use}",
    "{Using the library|Borrowing|Borrowing > Books and films}",
    """
{Cards|Your card}. [[card:{A card costs <money1> a year|The card is <money1> a year}]]; [[free:pupils {pay nothing|get it free}]]. [[lost:{Report a lost card at once, at the desk or by calling <phone>.|If the card is lost, call <phone> so that it is locked.}]]

Books may be kept for [[weeks:<small> weeks]], films for [[films:<n1> days]]. [[renew:To keep a book longer, {sign in at <domain> and press Renew|ask at the desk before the last day}.]] [[twice:A book that somebody else waits for cannot be renewed.]]

{Late books cost|Fees for late books}: [[late:<money1> a week]]. [[mail:{Reminders are sent by mail only.|We do not send letters, only mails.}]] [[damage:{Whoever damages a book pays for it.|Damaged books have to be paid for.}]]

[[eat:Food is not allowed in the reading room.]] [[print:You can print {up to <n1> pages a day|for 10 cents a page}.]] [[dog:Dogs for the blind may come in.]] {Closed|We are closed} on [[closed:{Mondays|Wednesdays} and from <date> to <date>]].
""",
    """
card: What does a card cost? | How much is it to become a reader there?
free=no: Does my daughter pay for her library card at school age? | Do pupils have to pay?
lost: What do I do if I lose my card? | My card is gone, what now? | lost card
weeks: How long may I keep a book? | For how many weeks can books be borrowed?
films: How long can I have a film?
renew: How do I keep a book longer? | How can I renew? | extend a loan
twice=no: Can I renew a book that others want? | Is it possible to extend a reserved book?
twice: Why can't I renew this book? | When is it not possible to renew?
late: What does it cost to bring a book back late? | How high is the late fee?
mail=no: Do they send letters? | Will I be reminded by letter?
damage=yes: Do I have to pay for a damaged book? | Must I replace a book that I spoilt?
eat=no: Can I eat my sandwich there? | May I bring food to the reading room?
print=yes: Can I print something? | Is there a way to print there?
dog=yes: May I come with my guide dog? | Are guide dogs welcome?
closed: When is the library closed? | On which days is it shut?
none: How many books do they have? | Who is the director? | Is there a cafe? | Can I rent a room for a party? | Where can I park?
""",
)

_paper(
    "{<tool> backup|<tool> guide|<tool>}",
    "{Plans|Backups > {Plans|What is kept}|Reference}",
    """
{What is kept|Plans}

[[keep:keep_daily
{How many|The number of} daily copies that are kept. {The default is|Defaults to} <n1>.]]

[[level:compression
{How strongly|The degree to which} copies are packed, from 1 to 9. Default: <small>.]]

{By default,|Unless told otherwise,} {<tool> starts|copies are made} [[when:every night at <time>]]; {use|change it with} [[whenopt:--schedule]]. [[lock:A second run waits <small0> minutes for the first.]] [[crypt:Copies are not encrypted unless a key file is named.]]

To bring back a {single file|lost folder}, [[restore:open the copy with "browse", mark the file, and press Restore]]. [[slow:{The first copy takes longest; later ones only hold what changed.|Leaving out caches makes copies much faster.}]] [[tape:{Tape drives are not supported.|It does not write to tapes.}]]

It can store copies on: [[where:disks, {SFTP servers|WebDAV shares}, and S3]]. Files above [[big:<n3> GB]] are {left out|skipped}.
""",
    """
keep: How many daily copies are kept? | How many days of copies do I have if I change nothing?
level: How strongly are copies packed? | compression default
when: When does the backup run? | At what time are copies made?
whenopt: How do I change the time of the backup? | Which option sets the schedule?
crypt=no: Are my copies encrypted by default? | Is the backup encrypted from the start?
restore: How do I get a file back? | How can I bring back a deleted folder? | restore one file
slow: How do I make backups faster? | Why does the first copy take so long?
tape=no: Can I save to tape? | Does it work with tape drives?
where: Where can copies be stored? | Which kinds of storage are possible?
big: How large may a file be? | From what size are files left out?
none: How do I translate it? | What does support cost? | Who maintains <tool>? | Is there a mobile app? | How do I send the log by mail?
""",
)

_paper(
    "{Sailing course|Sailing week <year1>|Letter to the crew}",
    "{What to bring|Packing list|}",
    """
{Dear crew,|Sailing week at <place>}

{we leave on|Departure:} [[leave:<date> at <time>]] {from|at} [[meet:{the church hall|the station, platform <small>}]] {and come home on|; return:} [[home:<date>]]. {The price is|Cost:} [[cost:<money2>]], {to be paid|payable} [[payby:by <date>]] [[payto:to <p1>]].

{Everyone brings|Gear}: [[pack:gloves, a warm hat, {rubber boots|deck shoes}, a sleeping bag and a knife]]. [[phone:{Hard suitcases stay at home.|No hard suitcases, please.}]] [[money:Pocket money of up to <money1> is enough.]]

[[ill:Whoever gets seasick tells <p2>, who has pills on board.]] In an emergency call [[call:<p3>, <phone>]]. [[visit:{Guests may come on board on Sunday afternoon.|You may have guests on board on Sunday.}]]
""",
    """
leave: When do we set off? | What time does the week start? | When must we be there?
meet: Where do we meet? | Where is the meeting point?
home: When are we back? | On which day does the boat return?
cost: How much is the week? | What do I have to pay for sailing?
payby: By when must we pay? | Until when is the money due?
payto: Who gets the money? | Whom do I pay?
pack: What gear do I take? | What should I have with me on board? | gear
phone=no: Can I come with a hard suitcase? | Is a suitcase all right?
money: How much pocket money do I need?
ill: What if I get seasick? | Who has pills against seasickness?
call: Whom can my family ring in an emergency? | Who is the emergency contact?
visit=yes: Can my wife come on board for a look? | May guests see the boat?
none: Who cooks on board? | How many people are coming? | How long is the boat? | Do I get money back if I am ill?
""",
)

_paper(
    "{Licence|Policy on the use of <tool>|Acceptable use|Terms}",
    "{Conditions|{Permissions|Redistribution}|2. Your duties}",
    """
{You may|Users are allowed to} [[may:copy, change and pass on the work]], {provided that|as long as} [[cond:the names of the authors and this text stay with every copy]]. [[sell:You may {ask for money|charge a fee} for copies{ and for support|}.]] [[mark:This does not give you the right to use our name or logo.]]

{If you change|Whoever alters} a file, {you must|has to} [[change:say in the file that it was changed, and when]]. [[source:{You need not give out the source of your changes.|Source code need not be published.}]] 

[[end:These rights end when you sue anyone over a patent in the work.]] {They come back|Rights return} [[back:if you stop within <n2> days]]. [[warranty:The work comes without any warranty.]] {Disputes are heard|Courts}: [[court:in <place>]]. {Questions|Ask} within [[appeal:<n1> weeks]] {by writing to|at} [[appealto:rights@<domain>]].
""",
    """
may: What may I do with the work? | Which rights do I have?
cond: On what condition may I pass it on? | What must I keep when I copy it? 
sell=yes: Can I sell copies? | May I take money for it?
mark=no: May I use their logo? | Can I use your name in my advertising?
change: What do I have to do when I change a file? | I changed something, what must I write?
source=no: Do I have to publish my source code? | Must I give out my changes?
end: When do I lose my rights? | What happens if I sue over a patent?
back: How do I get my rights back? 
warranty=no: Is there a guarantee? | Do I get a warranty?
court: Where are disputes settled? | Which courts are responsible?
appealto: Where do I send a question about it? | Whom can I ask?
none: How much is the licence fee? | Who owns the trademark? | From which year is the licence? | May children use it?
""",
)

_paper(
    "{Diary|Notes <year1>|Loans|books.md|Car log <plate>}",
    "{|Notes}",
    """
<date>: [[oil:oil changed at <company>, <money2>]]. {Next service|The next one is due} at [[service:<big> km]]. [[tyres:Winter tyres are {in the cellar|with <p1>}.]]

<date>: sold [[lent:the canoe to <p2>]]; [[lentbook:<p3> wants the old cupboard]]. {Ordered|Bought}: a new saw, from [[gave:<company2>]].

{Passport|My passport} {expires|runs out} on [[pass:<date>]]; [[photo:new photographs are in the desk]]. {Dentist|Appointment at the dentist}: [[dentist:<date>, <time>]]. {Blood pressure|Measured}: [[blood:<n3> over <n2>]].

Savings: [[save:<money4>]] at the end of <month>, [[left:so <money3> are missing for the boat]].
""",
    """
oil: When was the oil changed? | What did the oil change cost? | Who changed the oil?
service: When is the car due again? | At how many kilometres is the next service?
tyres: Where are the winter tyres? | who has my tyres
lent: Who bought my canoe? | To whom did I sell the canoe?
lentbook: Who would like the cupboard?
gave: Where is the saw from? | At which shop did I order the saw?
pass: How long is my passport good? | When does my passport end?
photo: Where are the passport pictures?
dentist: When do I have to go to the dentist? | dentist appointment
blood: What was my blood pressure?
save: How much had I saved? | What are my savings?
left: How much do I still need for the boat? | What is missing for the boat?
none: What is the name of my doctor? | What did the boat cost? | Who has my bicycle? | What is the insurance number?
""",
)

_paper(
    "{Swimming club|Badges|Swimming for all}",
    "{Badges|Lessons > Badges}",
    """
{There are|We award} [[count:<small>]] badges: [[levels:Frog, Otter, Seal, Dolphin and Shark]].

Frog
[[trainee:Swims {ten|fifteen} metres in any style and jumps in from the side.]]

Seal
[[specialist:Swims <n3> metres without a break and {brings up a ring from the bottom|dives for five metres}.]]

Shark
[[head:Swims for {half an hour|an hour}, {tows another swimmer|swims in clothes} and knows the rules of rescue.]]

{Tests|The tests} {are held|take place} [[pay:every <month>]]; [[who:<p1> takes them]]. [[jump:No badge can be left out.]] [[own:You may {try again|repeat a test} {after a week|at any time}.]] 
""",
    """
levels: What are the badges called? | Which badges are there? | Name the badges
trainee: What must I do for the Frog? | What does a Frog have to be able to do?
specialist: What is asked for the Seal? | Which distance does a Seal swim?
head: What does one have to do for the Shark? | Which badge needs the rules of rescue?
pay: When are the tests? | How often can one be tested?
who: Who tests the swimmers?
jump=no: Can I leave out a badge? | Is it possible to skip the Otter?
own=yes: May I try again when I fail? | Can a test be repeated?
none: How much is a badge? | How many children are in the club? | How warm is the water?
""",
)
